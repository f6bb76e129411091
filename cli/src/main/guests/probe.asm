; The guest that `cloister policy testgen` puts in the place of every domain's own: it really uses each channel that it finds in its
; directory, asks for those that its list names, and says on its serial line what came of it. It believes nothing and decides
; nothing: what ought to have happened is the judge's business.
;
; Its list is the first boot module (cli: ProbeList writes it, little-endian):
;   0x00 u64 "CLSPROBE"   0x08 u32 version, 1          0x0C u32 milliseconds of a tick
;   0x10 u32 least ticks  0x14 u32 most ticks          0x18 u32 ticks between questions   0x1C u32 questions
;   0x20 questions of 48 bytes: u32 number, u32 kind, u32 direction, u32 0, char[32] peer with a final zero
; It says:
;   probe begin           probe flow NAME in|out sent|received|wrong|silent|severed
;   probe ask NUMBER granted|refused REASON            probe end
; It switches off when every question is answered and everything awaited has come, but not before the least ticks, since a peer
; may want to talk to it; and after the most ticks in any case.
%include "../../../../examples/lib/guest.inc"
%include "../../../../examples/lib/every.inc"
%include "../../../../examples/lib/record.inc"

START_MODULES   equ 12                  ; hvm_start_info, version 1
START_MODLIST   equ 16
PROBE_MAGIC     equ 0x45424F5250534C43  ; "CLSPROBE"
LIST_VERSION    equ 0x08
LIST_TICK_MS    equ 0x0C
LIST_LEAST      equ 0x10
LIST_MOST       equ 0x14
LIST_PAUSE      equ 0x18
LIST_COUNT      equ 0x1C
LIST_FIRST      equ 0x20
QUESTION_KIND   equ 4
QUESTION_WAY    equ 8
QUESTION_PEER   equ 16
QUESTION_SIZE   equ 48

TOKEN_BYTES     equ 8
RECORD_BYTES    equ 0x100000            ; the largest record that a policy may declare
REASON_BYTES    equ 96                  ; as much of a reason as is printed

LINE_STATUS     equ COM1 + 5
DATA_READY      equ 1

; r14: how many things are awaited · r15: the list
main:
        mov     eax, [rbx + START_MODULES]
        test    eax, eax
        jz      .nolist
        mov     rax, [rbx + START_MODLIST]
        mov     r15, [rax]              ; its first module's address
        mov     rax, PROBE_MAGIC
        cmp     [r15], rax
        jne     .nolist
        cmp     dword [r15 + LIST_VERSION], 1
        jne     .nolist
        call    hear_bells
        print   `probe begin\n`
        lea     rdi, [open_ring]
        call    for_channels
        mov     edi, [r15 + LIST_TICK_MS]
        call    start_timer

.wait:  call    wait_interrupt
        call    ask                     ; eax = questions that have no answer
        mov     r14d, eax
        lea     rdi, [use]
        call    for_channels
        mov     eax, [ticks]
        mov     [last_tick], eax
        cmp     eax, [r15 + LIST_MOST]
        jae     .end
        test    r14d, r14d
        jnz     .wait
        cmp     eax, [r15 + LIST_LEAST]
        jb      .wait
.end:   lea     rdi, [tell_rest]
        call    for_channels
        print   `probe end\n`
        ret
.nolist:
        print   `probe: no list of questions came with me as a boot module\n`
        ret

; open_ring (for for_channels): either end of a memory channel
open_ring:
        cmp     dword [r12 + ENTRY_KIND], KIND_MEMORY
        jne     .done
        cmp     dword [r12 + ENTRY_STATE], STATE_LIVE
        jne     .done
        mov     rdi, r13
        mov     rsi, r12
        call    ring_own
        cmp     dword [r12 + ENTRY_DIRECTION], DIRECTION_OUT
        jne     .done
        mov     rdi, r13
        jmp     ring_start
.done:  ret

; use (for for_channels): sends if it can send, else looks; adds 1 to r14d if something is awaited
use:    cmp     dword [r12 + ENTRY_KIND], KIND_CONSOLE
        je      .console                ; it has no state: what is printed shows that it lives
        cmp     dword [r12 + ENTRY_STATE], STATE_LIVE
        jne     .done
        cmp     dword [r12 + ENTRY_DIRECTION], DIRECTION_OUT
        je      send
        lea     rax, [finished]
        cmp     byte [rax + rbx], 0
        jne     .done
        call    receive
        lea     rax, [finished]
        cmp     byte [rax + rbx], 0
        jne     .done
        inc     r14d
        ret
.console:
        cmp     dword [r12 + ENTRY_DIRECTION], DIRECTION_OUT
        je      send
        lea     rax, [finished]
        cmp     byte [rax + rbx], 0
        je      receive                 ; nobody may be there to type: not awaited
.done:  ret

send:
        mov     eax, [r12 + ENTRY_KIND]
        cmp     eax, KIND_EVENT
        je      .event
        lea     rcx, [finished]
        cmp     byte [rcx + rbx], 0
        jne     .done
        cmp     eax, KIND_MEMORY
        je      .memory
        cmp     eax, KIND_STREAM
        je      .stream
        cmp     eax, KIND_CONSOLE
        je      .sent
        cmp     eax, KIND_DATAGRAM
        je      .record
        cmp     eax, KIND_LOG
        je      .record
        ret
.record:
        mov     rdi, r12
        call    stream_accept
        mov     r8, [r12 + ENTRY_GPA]
        test    dword [r8 + RECORDS_FLAGS], FLAG_CLOSED
        jnz     .done
        call    letters
        mov     [buffer], rax
        mov     rdi, r12
        lea     rsi, [buffer]
        mov     edx, TOKEN_BYTES
        call    record_write
        test    eax, eax
        jz      .done
        jmp     .sent
.memory:
        call    token
        mov     [buffer], rax
        mov     rdi, r13
        lea     rsi, [buffer]
        mov     edx, TOKEN_BYTES
        call    ring_write
        mov     rdi, r12
        call    ring_bell
        jmp     .sent
.stream:
        call    token
        mov     [buffer], rax
        mov     rdi, r12
        lea     rsi, [buffer]
        mov     edx, TOKEN_BYTES
        call    stream_write
        cmp     eax, TOKEN_BYTES
        jne     .done
        jmp     .sent
.event:                                 ; a bell before the peer has turned its interrupts on is not heard: ring at ticks 1, 2, 4, 8 …
        mov     eax, [ticks]
        cmp     eax, [last_tick]
        je      .done
        lea     ecx, [rax - 1]
        test    eax, ecx
        jnz     .done
        mov     rdi, r12
        call    ring_bell
        lea     rcx, [finished]
        cmp     byte [rcx + rbx], 0
        jne     .done
.sent:  lea     rdi, [word_sent]
        jmp     tell
.done:  ret

receive:
        mov     eax, [r12 + ENTRY_KIND]
        cmp     eax, KIND_MEMORY
        je      .memory
        cmp     eax, KIND_EVENT
        je      .event
        cmp     eax, KIND_STREAM
        je      .stream
        cmp     eax, KIND_CONSOLE
        je      .console
        cmp     eax, KIND_DATAGRAM
        je      .record
        cmp     eax, KIND_LOG
        je      .record
        ret
.record:
        mov     rdi, r12
        call    stream_accept
        mov     rdi, r12
        lea     rsi, [buffer]
        call    record_read
        cmp     rax, RECORDS_NONE
        je      .done
        test    eax, eax
        jz      .done                   ; a log's count of what was suppressed
        cmp     byte [r12 + ENTRY_PEER], '@'
        je      .audit
        cmp     rax, TOKEN_BYTES
        jne     .wrong
        call    letters
        cmp     [buffer], rax
        jne     .wrong
        jmp     .received
.event: mov     eax, [rung]
        bt      eax, ebx
        jc      .received
        ret
.console:
        mov     edx, LINE_STATUS
        in      al, dx
        test    al, DATA_READY
        jz      .done
        mov     edx, COM1
        in      al, dx
        jmp     .received
.stream:
        mov     r8, [r12 + ENTRY_GPA]
        mov     rax, [r8 + BYTES_PRODUCED]
        cmp     rax, TOKEN_BYTES
        jb      .done
        mov     [r8 + BYTES_CONSUMED], rax
        mov     rax, [r8 + BYTES_DATA]
        mov     [buffer], rax
        mov     rdi, r12
        call    ring_bell
        jmp     .judge
.memory:
        mov     rdi, r13
        lea     rsi, [buffer]
        call    ring_read
        test    rax, rax
        js      .done                   ; nothing yet, or the reader has moved on: look again at the next tick
        cmp     byte [r12 + ENTRY_PEER], '@'
        je      .audit
        cmp     rax, TOKEN_BYTES
        jne     .wrong
.judge: call    token
        cmp     [buffer], rax
        jne     .wrong
.received:
        lea     rdi, [word_received]
        jmp     tell
.audit: cmp     byte [buffer], '{'      ; the log's records are lines of JSON
        je      .received
.wrong: lea     rdi, [word_wrong]
        jmp     tell
.done:  ret

; token: r12 = entry; result rax = the flow's name as a number (64-bit FNV-1a): what is sent over a flow belongs to no other
token:
        mov     rax, 0xCBF29CE484222325
        mov     r8, 0x100000001B3
        xor     ecx, ecx
.byte:  movzx   edx, byte [r12 + rcx]
        test    edx, edx
        jz      .done
        xor     rax, rdx
        imul    rax, r8
        inc     ecx
        cmp     ecx, FLOW_NAME_BYTES
        jb      .byte
.done:  ret

; letters: as token, in eight letters: a log carries text
letters:
        call    token
        mov     rcx, 0x0F0F0F0F0F0F0F0F
        and     rax, rcx
        mov     rcx, 0x6161616161616161
        add     rax, rcx
        ret

; tell: rdi = what happened on the channel at r12; it is said once
tell:
        lea     rax, [finished]
        mov     byte [rax + rbx], 1
        push    rdi
        print   "probe flow "
        mov     rdi, r12
        call    put_text
        cmp     dword [r12 + ENTRY_DIRECTION], DIRECTION_OUT
        je      .out
        print   " in "
        jmp     .what
.out:   print   " out "
.what:  pop     rdi
        call    put_text
        print   `\n`
        ret

; tell_rest (for for_channels): what never happened
tell_rest:
        lea     rax, [finished]
        cmp     byte [rax + rbx], 0
        jne     .done
        lea     rdi, [word_silent]
        lea     rax, [word_severed]
        cmp     dword [r12 + ENTRY_STATE], STATE_LIVE
        cmovne  rdi, rax
        jmp     tell
.done:  ret

; question: result r12 = the question that is asked now
question:
        mov     eax, [asked]
        imul    rax, rax, QUESTION_SIZE
        lea     r12, [r15 + rax + LIST_FIRST]
        ret

; ask: one question at a time; result eax = how many have no answer yet
ask:
        cmp     dword [pending], 0
        je      .send
        mov     eax, REQUEST
        mov     eax, [rax + REQUEST_STATUS]
        cmp     eax, STATUS_PENDING
        jbe     .left
        mov     dword [pending], 0
        cmp     eax, STATUS_GRANTED
        je      .answer
        cmp     eax, STATUS_REFUSED
        jne     .send                   ; busy: the same again after the pause
.answer:
        call    answer
        inc     dword [asked]
.send:  mov     eax, [asked]
        cmp     eax, [r15 + LIST_COUNT]
        jae     .left
        mov     eax, [ticks]
        cmp     eax, [next_ask]
        jb      .left
        add     eax, [r15 + LIST_PAUSE]
        mov     [next_ask], eax
        mov     dword [pending], 1
        call    question
        lea     rdi, [r12 + QUESTION_PEER]
        mov     esi, [r12 + QUESTION_KIND]
        mov     edx, [r12 + QUESTION_WAY]
        call    request_channel
.left:  mov     eax, [r15 + LIST_COUNT]
        sub     eax, [asked]
        ret

; answer: eax = status
answer:
        push    rax
        print   "probe ask "
        call    question
        mov     edi, [r12]
        call    put_number
        pop     rax
        cmp     eax, STATUS_GRANTED
        je      .granted
        print   " refused "
        jmp     .reason
.granted:
        print   " granted "
.reason:
        mov     eax, REQUEST
        mov     byte [rax + REQUEST_REASON + REASON_BYTES], 0
        lea     rdi, [rax + REQUEST_REASON]
        call    put_text
        print   `\n`
        ret

        section .data
word_sent:      db "sent", 0
word_received:  db "received", 0
word_wrong:     db "wrong", 0
word_silent:    db "silent", 0
word_severed:   db "severed", 0

        section .bss
        align 8
last_tick:      resd 1
asked:          resd 1
next_ask:       resd 1
pending:        resd 1
buffer:         resb RECORD_BYTES
