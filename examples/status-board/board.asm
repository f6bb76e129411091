; The board takes the states ten times a second and says in the end how many came, and how many are missing.
%include "../lib/guest.inc"
%include "../lib/every.inc"
%include "../lib/message.inc"
%include "../lib/record.inc"

TICK_MS         equ 100
MOST_TICKS      equ 300

; r14d: states that came · r15d: lost ones · ebp: malformed ones
main:   call    hear_bells
        say     `: listening\n`
        mov     edi, TICK_MS
        call    start_timer
        xor     r14d, r14d
        xor     r15d, r15d
        xor     ebp, ebp
.wait:  call    wait_tick
        lea     rdi, [take]
        call    for_channels
        cmp     byte [over], 0
        jne     .end
        cmp     dword [ticks], MOST_TICKS
        jb      .wait
.end:   say     ": "
        print_number r14
        print   " states came, "
        print_number r15
        print   " lost, malformed "
        print_number rbp
        print   `\n`
        ret

; take (for for_channels): everything that has come
take:
        only    KIND_DATAGRAM, DIRECTION_IN, .done
        mov     rdi, r12
        call    stream_accept
.next:  mov     rdi, r12
        lea     rsi, [message]
        call    record_read
        cmp     rax, RECORDS_NONE
        je      .done
        add     r15d, edx
        lea     rsi, [message]
        call    check_message
        test    eax, eax
        jz      .bad
        cmp     dword [message + MESSAGE_TYPE], TYPE_END
        je      .over
        inc     r14d
        jmp     .next
.bad:   inc     ebp
        jmp     .next
.over:  mov     byte [over], 1
.done:  ret

        section .bss
over:   resb    8
