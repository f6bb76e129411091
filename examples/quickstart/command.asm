; command (secret): receives what the guard lets through. On the way it tries two things that its policy does not grant:
; to write the memory it may only read, and to open a channel back to the sensor.
%include "../lib/guest.inc"
%include "../lib/reading.inc"

PROGRESS_EVERY  equ 30
WRITE_AT        equ 60                  ; readings until it tries to write
ASK_AT          equ 100                 ; readings until it asks
POLL_MS         equ 100                 ; answers to requests ring no bell

main:
        channel "cleared", cleared
        channel "alarm", alarm
        channel "reports", reports
        lea     rdi, [reader]
        mov     rsi, [cleared]
        call    ring_own
        print   `command: listening\n`
        mov     edi, POLL_MS
        call    start_timer
        xor     ebx, ebx                ; readings taken
        mov     r13d, PROGRESS_EVERY
        xor     r14d, r14d              ; 1 while an answer is due

.wait:  call    wait_interrupt
        mov     rdi, [reports]
        call    stream_print
        call    answer
.next:  lea     rdi, [reader]
        lea     rsi, [reading]
        call    ring_read
        cmp     rax, READ_EMPTY
        je      .wait
        test    rax, rax
        js      .next
        cmp     dword [reading + READING_TYPE], TYPE_END
        je      .end
        inc     ebx
        cmp     ebx, WRITE_AT
        jne     .ask
        call    try_write
.ask:   cmp     ebx, ASK_AT
        jne     .progress
        call    ask_back
.progress:
        dec     r13d
        jnz     .next
        mov     r13d, PROGRESS_EVERY
        print   "command: "
        print_number rbx
        print   ` readings\n`
        jmp     .next

.end:   mov     r12d, 3                 ; the stream's last line may come a moment after the last record
.last:  call    wait_interrupt
        mov     rdi, [reports]
        call    stream_print
        call    answer
        dec     r12d
        jnz     .last
        print   "command: end after "
        print_number rbx
        print   " readings, lost to overrun "
        lea     rdi, [reader]
        print_number [rdi + OWN_LOST]
        print   `\n`
        ret

; try_write: one store into the inbound window. It is no fault: it has no effect, and the VMM reports it.
try_write:
        mov     rdi, [cleared]
        mov     rdi, [rdi + ENTRY_GPA]
        mov     al, [rdi]
        mov     cl, al
        not     al
        mov     [rdi], al
        cmp     [rdi], cl
        jne     .written
        print   `command: wrote my inbound memory: nothing changed\n`
        ret
.written:
        print   `command: WROTE my inbound memory: the byte changed\n`
        ret

; ask_back: a channel that no flow declares
ask_back:
        print   `command: asking for a channel to sensor\n`
        lea     rdi, [peer]
        mov     esi, KIND_MEMORY
        mov     edx, DIRECTION_OUT
        call    request_channel
        mov     r14d, 1
        ret

; answer: prints the daemon's answer once it is there
answer:
        test    r14d, r14d
        jz      .done
        mov     r12d, REQUEST
        mov     eax, [r12 + REQUEST_STATUS]
        cmp     eax, STATUS_PENDING
        jbe     .done
        xor     r14d, r14d
        cmp     eax, STATUS_REFUSED
        je      .refused
        cmp     eax, STATUS_GRANTED
        je      .granted
        print   "command: no verdict: "
        jmp     .reason
.granted:
        print   "command: GRANTED: "
        jmp     .reason
.refused:
        print   "command: refused: "
.reason:
        lea     rdi, [r12 + REQUEST_REASON]
        call    put_text
        print   `\n`
.done:  ret

        section .data
peer:   db      "sensor", 0
        section .bss
        align 8
reader: resb    OWN_SIZE
reading: resb   READING_BYTES
