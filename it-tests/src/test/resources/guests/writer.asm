; Writes a record to the channel `data` every 10 ms; ends after LIMIT records, or when the channel is severed.
%include "../../../../../examples/lib/guest.inc"

main:
        channel "data", data
        lea     rdi, [writer]
        mov     rsi, [data]
        call    ring_own
        lea     rdi, [writer]
        call    ring_start
        mov     edi, 10
        call    start_timer
        print   `writer: begins\n`
        xor     ebx, ebx
.next:  call    wait_interrupt
        mov     rsi, [data]
        cmp     dword [rsi + ENTRY_STATE], 1
        jne     .severed
        inc     ebx
        mov     [record], ebx
        lea     rdi, [writer]
        lea     rsi, [record]
        mov     edx, 8
        call    ring_write
        mov     rdi, [data]
        call    ring_bell
        cmp     ebx, LIMIT
        jb      .next
        print   `writer: all sent\n`
        ret
.severed:
        print   `writer: severed\n`
        ret

        section .bss
        align 8
writer: resb    OWN_SIZE
record: resb    8
