; Counts four times a second, for ever.
%include "../../../../../../examples/lib/guest.inc"

main:
        mov     edi, 250
        call    start_timer
        xor     ebx, ebx
.next:  call    wait_interrupt
        inc     ebx
        print   "tick "
        print_number rbx
        print   `\n`
        jmp     .next
