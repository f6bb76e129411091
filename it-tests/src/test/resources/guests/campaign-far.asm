; Takes what comes over `aux`, for ever.
%include "../../../../../examples/lib/guest.inc"

main:
        channel "aux", aux
        lea     rdi, [reader]
        mov     rsi, [aux]
        call    ring_own
        mov     edi, 20
        call    start_timer
        print   `far: begins\n`
.wait:  call    wait_interrupt
.next:  lea     rdi, [reader]
        lea     rsi, [record]
        call    ring_read
        cmp     rax, READ_EMPTY
        je      .wait
        jmp     .next

        section .bss
        align 8
reader: resb    OWN_SIZE
record: resb    64
