; Reads records from the channel `data`; ends after LIMIT records, or when the channel is severed.
%include "../../../../../examples/lib/guest.inc"

main:
        channel "data", data
        lea     rdi, [reader]
        mov     rsi, [data]
        call    ring_own
        mov     edi, 50                 ; a severed channel rings no bell
        call    start_timer
        print   `reader: begins\n`
        xor     ebx, ebx
        xor     r12d, r12d
.wait:  call    wait_interrupt
        mov     rsi, [data]
        cmp     dword [rsi + ENTRY_STATE], 1
        jne     .severed
.next:  lea     rdi, [reader]
        lea     rsi, [record]
        call    ring_read
        cmp     rax, READ_EMPTY
        je      .wait
        test    rax, rax
        js      .next
        inc     ebx
        inc     r12d
        cmp     r12d, 20
        jb      .limit
        xor     r12d, r12d
        print   "reader: "
        print_number rbx
        print   ` records\n`
.limit: cmp     ebx, LIMIT
        jb      .next
        print   `reader: has all\n`
        ret
.severed:
        print   `reader: severed\n`
        ret

        section .bss
        align 8
reader: resb    OWN_SIZE
record: resb    64
