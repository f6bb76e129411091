; Maintenance: rings ten times a second while the window is open, and goes on after it has closed, when
; nobody hears it. How often it is heard is the policy's rate and quota.
%include "../lib/guest.inc"
%include "../lib/every.inc"

TICK_MS         equ 100
RINGS           equ 120

main:   call    hear_bells
        say     `: at work\n`
        mov     edi, TICK_MS
        call    start_timer
        xor     r14d, r14d              ; rings while the channel was live
        xor     r15d, r15d              ; and after
        mov     ebp, RINGS
.next:  call    wait_tick
        lea     rdi, [ring_it]
        call    for_channels
        dec     ebp
        jnz     .next
        say     ": rang "
        print_number r14
        print   " times with the window open, "
        print_number r15
        print   ` with it closed\n`
        ret

; ring_it (for for_channels)
ring_it:
        only    KIND_EVENT, DIRECTION_OUT, .done
        cmp     dword [r12 + ENTRY_STATE], STATE_LIVE
        jne     .closed
        inc     r14d
        mov     rdi, r12
        jmp     ring_bell
.closed:
        inc     r15d
.done:  ret
