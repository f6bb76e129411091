; Prints the first LINES lines of `notes`, and from then on, each second, how many came and how many were suppressed.
%include "../../../../../examples/lib/guest.inc"
%include "../../../../../examples/lib/record.inc"
%include "../../../../../examples/lib/every.inc"

main:
        channel "notes", notes
        call    hear_bells
        mov     edi, 20
        call    start_timer
        print   `reader: begins\n`
        xor     r12d, r12d              ; ticks
        xor     r13d, r13d              ; lines that came
        xor     r14d, r14d              ; lines suppressed
.wait:  call    wait_tick
        inc     r12d
        cmp     r12d, 50
        jb      .take
        xor     r12d, r12d
        print   "reader: "
        print_number r13
        print   " lines, "
        print_number r14
        print   ` suppressed\n`
.take:  mov     rdi, [notes]
        call    stream_accept
.next:  mov     rdi, [notes]
        lea     rsi, [line]
        call    record_read
        cmp     rax, RECORDS_NONE
        je      .wait
        add     r14d, edx
        test    eax, eax
        jz      .next                   ; only a count
        inc     r13d
        cmp     r13d, LINES
        ja      .next
        lea     rcx, [line]
        mov     byte [rcx + rax], 0
        print   "reader: line "
        lea     rdi, [line]
        call    put_text
        print   `\n`
        jmp     .next

        section .bss
        align 8
line:   resb    4096
