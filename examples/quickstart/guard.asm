; guard: takes the sensor's readings, drops and counts the malformed ones, passes on the rest. A reading is copied out of the shared
; ring first and judged by the copy, so the sensor can't change it between check and use.
%include "../lib/guest.inc"
%include "../lib/reading.inc"

REPORT_EVERY    equ 50

main:
        channel "readings", readings
        channel "cleared", cleared
        channel "alarm", alarm
        channel "reports", reports
        lea     rdi, [reader]
        mov     rsi, [readings]
        call    ring_own
        lea     rdi, [writer]
        mov     rsi, [cleared]
        call    ring_own
        lea     rdi, [writer]
        call    ring_start
        print   `guard: watching\n`
        xor     ebx, ebx                ; passed on
        xor     r12d, r12d              ; dropped
        mov     r13d, REPORT_EVERY

.wait:  call    wait_interrupt
.next:  lea     rdi, [reader]
        lea     rsi, [reading]
        call    ring_read
        cmp     rax, READ_EMPTY
        je      .wait
        test    rax, rax
        js      .next                   ; overrun or a new epoch: the reader has moved on
        cmp     eax, READING_BYTES
        jne     .drop
        lea     rsi, [reading]
        cmp     dword [rsi + READING_MAGIC], MAGIC_READING
        jne     .drop
        cmp     dword [rsi + READING_LENGTH], READING_MAX_LENGTH
        ja      .drop
        call    reading_checksum
        cmp     eax, [rsi + READING_CHECKSUM]
        jne     .drop
        mov     r14d, [rsi + READING_TYPE]
        lea     rdi, [writer]
        mov     edx, READING_BYTES
        call    ring_write
        mov     rdi, [cleared]
        call    ring_bell
        cmp     r14d, TYPE_END
        je      .end
        inc     ebx
        dec     r13d
        jnz     .next
        mov     r13d, REPORT_EVERY
        call    report
        jmp     .next

.drop:  inc     r12d
        mov     rdi, [alarm]
        call    ring_bell               ; an event says "again", not what or how often
        jmp     .next

.end:   call    report
        mov     rdi, [reports]
        call    stream_close
        print   "guard: passed "
        print_number rbx
        print   ", dropped "
        print_number r12
        print   ", lost to overrun "
        lea     rdi, [reader]
        print_number [rdi + OWN_LOST]
        print   `\n`
        mov     edi, 100                ; the VMM sends the stream's rest meanwhile
        call    start_timer
        call    wait_interrupt
        call    wait_interrupt
        call    wait_interrupt
        ret

; report: one line on the stream
report:
        lea     rdi, [report_passed]
        mov     eax, ebx
        call    digits
        lea     rdi, [report_dropped]
        mov     eax, r12d
        call    digits
        mov     rdi, [reports]
        lea     rsi, [report_text]
        mov     edx, report_end - report_text
        jmp     stream_write

; digits: rdi = where three decimal digits go, eax = number below 1000
digits:
        mov     ecx, 3
        mov     r8d, 10
.digit: xor     edx, edx
        div     r8d
        add     dl, '0'
        mov     [rdi + rcx - 1], dl
        dec     ecx
        jnz     .digit
        ret

        section .data
report_text:
        db      "guard reports: passed "
report_passed:
        db      "000, dropped "
report_dropped:
        db      `000\n`
report_end:
        section .bss
        align 8
reader: resb    OWN_SIZE
writer: resb    OWN_SIZE
reading: resb   READING_BYTES
