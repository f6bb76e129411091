; Says which opening of `data` each first record and of `talk` each first byte came in.
%include "../../../../../examples/lib/guest.inc"

main:
        channel "data", data
        channel "talk", talk
        lea     rdi, [reader]
        mov     rsi, [data]
        call    ring_own
        mov     edi, 50
        call    start_timer
        print   `reader: begins\n`
        xor     ebx, ebx                ; the last record's opening
        xor     r12d, r12d              ; the last byte's opening
.wait:  call    wait_interrupt
.next:  lea     rdi, [reader]
        lea     rsi, [record]
        call    ring_read
        cmp     rax, READ_EMPTY
        je      .talk
        test    rax, rax
        js      .next
        mov     eax, [record]
        cmp     eax, ebx
        je      .next
        mov     ebx, eax
        print   "reader: record of opening "
        print_number rbx
        print   `\n`
        jmp     .next
.talk:  mov     rdi, [talk]
        call    stream_accept
        mov     rdi, [talk]
        mov     r8, [rdi + ENTRY_GPA]
        test    dword [r8 + BYTES_FLAGS], FLAG_CLOSED
        jnz     .wait
.byte:  mov     rdi, [talk]
        mov     r8, [rdi + ENTRY_GPA]
        mov     r10, [r8 + BYTES_CONSUMED]
        cmp     r10, [r8 + BYTES_PRODUCED]
        je      .wait
        mov     r9d, [rdi + ENTRY_RECORD_COUNT]
        dec     r9
        and     r9, r10
        movzx   eax, byte [r8 + r9 + BYTES_DATA]
        inc     r10
        mov     [r8 + BYTES_CONSUMED], r10
        push    rax
        call    ring_bell
        pop     rax
        cmp     eax, r12d
        je      .byte
        mov     r12d, eax
        print   "reader: byte of opening "
        print_number r12
        print   `\n`
        jmp     .byte

        section .bss
        align 8
reader: resb    OWN_SIZE
record: resb    64
