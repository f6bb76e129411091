; A site that tells its state twenty times a second, and a hundred times at once in between: more than its reader's queue holds. It logs
; each, and begins its log with a line that would write over its reader's terminal.
%include "../lib/guest.inc"
%include "../lib/every.inc"
%include "../lib/message.inc"
%include "../lib/record.inc"

TICK_MS         equ 50
STATES          equ 60
BURST_AT        equ 30
BURST           equ 100
READY_TICKS     equ 100                 ; so long its channels may take to open
LINGER_TICKS    equ 40                  ; so long the log's rate has to recover

; r14d: states sent · r15d: channels that are not open yet
main:   call    hear_bells
        say     `: sending\n`
        mov     edi, TICK_MS
        call    start_timer
        xor     r14d, r14d
.open:  call    wait_tick
        xor     r15d, r15d
        lea     rdi, [accept]
        call    for_channels
        test    r15d, r15d
        jz      .begin
        cmp     dword [ticks], READY_TICKS
        jb      .open
.begin: mov     dword [said], evil
        mov     dword [bytes], EVIL_BYTES
        lea     rdi, [log_line]
        call    for_channels
.next:  call    wait_tick
        call    tell
        cmp     r14d, BURST_AT
        jne     .more
        mov     ebp, BURST
.burst: call    tell
        dec     ebp
        jnz     .burst
.more:  cmp     r14d, STATES + BURST
        jb      .next
        mov     edi, LINGER_TICKS
        call    wait_ticks
        mov     edi, TYPE_END
        lea     edx, [r14d + 1]
        call    compose
        lea     rdi, [send_state]
        call    for_channels
        mov     dword [said], done
        mov     dword [bytes], DONE_BYTES
        lea     rdi, [log_line]
        call    for_channels
        mov     edi, LINGER_TICKS
        call    wait_ticks
        say     ": sent "
        print_number r14
        print   ` states\n`
        ret

; tell: the next state, to everybody who is to know, and into the log
tell:   inc     r14d
        mov     edi, TYPE_DATA
        mov     edx, r14d
        call    compose
        lea     rdi, [send_state]
        call    for_channels
        mov     eax, r14d
        lea     rdi, [digits + 3]
        mov     ecx, 10
.digit: xor     edx, edx
        div     ecx
        add     dl, '0'
        dec     rdi
        mov     [rdi], dl
        lea     rdx, [digits]
        cmp     rdi, rdx
        ja      .digit
        mov     dword [said], state
        mov     dword [bytes], STATE_BYTES
        lea     rdi, [log_line]
        jmp     for_channels

; accept (for for_channels): counts in r15d what is not open yet
accept:
        cmp     dword [r12 + ENTRY_KIND], KIND_DATAGRAM
        je      .ring
        cmp     dword [r12 + ENTRY_KIND], KIND_LOG
        jne     .done
.ring:  mov     rdi, r12
        call    stream_accept
        mov     rdx, [r12 + ENTRY_GPA]
        mov     eax, [rdx + RECORDS_FLAGS]
        and     eax, FLAG_CLOSED
        add     r15d, eax
.done:  ret

; send_state (for for_channels): `message`, as soon as the flow's rate lets it
send_state:
        only    KIND_DATAGRAM, DIRECTION_OUT, .done
.again: mov     rdx, [r12 + ENTRY_GPA]
        test    dword [rdx + RECORDS_FLAGS], FLAG_CLOSED
        jnz     .done
        mov     rdi, r12
        lea     rsi, [message]
        mov     edx, MESSAGE_BYTES
        call    record_write
        test    eax, eax
        jnz     .done
        call    wait_interrupt
        jmp     .again
.done:  ret

; log_line (for for_channels): [bytes] bytes at [said]
log_line:
        only    KIND_LOG, DIRECTION_OUT, .done
        mov     rdi, r12
        mov     esi, [said]
        mov     edx, [bytes]
        jmp     record_write
.done:  ret

        section .data
        align 8
evil:   db      27, "[2J", 13, "keeper: all is well", 10
EVIL_BYTES equ  $ - evil
        align 8
done:   db      "done"
DONE_BYTES equ  $ - done
        align 8
state:  db      "state "
digits: db      "000 sent to whom it concerns"
STATE_BYTES equ $ - state
        dq      0
said:   dd      0
bytes:  dd      0
