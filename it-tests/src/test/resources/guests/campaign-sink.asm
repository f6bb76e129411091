; Takes what comes over `data` and `talk`, and says after each quarter KiB of `talk` how many bytes this life of it has had. A life's
; number is the time stamp counter at its beginning.
%include "../../../../../examples/lib/guest.inc"

main:
        channel "data", data
        channel "talk", talk
        rdtsc
        shl     rdx, 32
        or      rax, rdx
        mov     [life], rax
        lea     rdi, [reader]
        mov     rsi, [data]
        call    ring_own
        mov     edi, 20
        call    start_timer
        print   `sink: begins\n`
        xor     ebx, ebx                ; bytes so far
        xor     r12d, r12d              ; bytes told
.wait:  call    wait_interrupt
.next:  lea     rdi, [reader]
        lea     rsi, [record]
        call    ring_read
        cmp     rax, READ_EMPTY
        jne     .next
        mov     rdi, [talk]
        call    stream_accept
        mov     rdi, [talk]
        mov     r8, [rdi + ENTRY_GPA]
        mov     rax, [r8 + BYTES_PRODUCED]
        mov     rcx, rax
        sub     rcx, [r8 + BYTES_CONSUMED]
        jz      .wait
        mov     [r8 + BYTES_CONSUMED], rax
        add     rbx, rcx
        call    ring_bell
        mov     rax, rbx
        sub     rax, r12
        cmp     rax, 256
        jb      .wait
        mov     r12, rbx
        print   "sink: life "
        print_number [life]
        print   " has "
        print_number rbx
        print   ` bytes\n`
        jmp     .wait

        section .bss
        align 8
life:   resq    1
reader: resb    OWN_SIZE
record: resb    64
