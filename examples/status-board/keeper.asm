; The keeper of the log: shows the first lines and the last, and says in the end how many came, and how many were suppressed.
%include "../lib/guest.inc"
%include "../lib/every.inc"
%include "../lib/record.inc"

TICK_MS         equ 100
MOST_TICKS      equ 300
SHOWN           equ 3

; r14d: lines that came · r15d: suppressed ones
main:   call    hear_bells
        say     `: listening\n`
        mov     edi, TICK_MS
        call    start_timer
        xor     r14d, r14d
        xor     r15d, r15d
.wait:  call    wait_tick
        lea     rdi, [take]
        call    for_channels
        cmp     byte [over], 0
        jne     .end
        cmp     dword [ticks], MOST_TICKS
        jb      .wait
.end:   say     ": "
        print_number r14
        print   " lines came, "
        print_number r15
        print   ` suppressed\n`
        ret

; take (for for_channels): everything that has come
take:
        only    KIND_LOG, DIRECTION_IN, .done
        mov     rdi, r12
        call    stream_accept
.next:  mov     rdi, r12
        lea     rsi, [line]
        call    record_read
        cmp     rax, RECORDS_NONE
        je      .done
        add     r15d, edx
        test    eax, eax
        jz      .next                   ; only a count
        inc     r14d
        lea     rcx, [line]
        mov     byte [rcx + rax], 0     ; its text is printable whatever the site wrote
        cmp     dword [line], "done"
        je      .over
        cmp     r14d, SHOWN
        ja      .next
        call    show
        jmp     .next
.over:  mov     byte [over], 1
.done:  ret

show:   say     ": logged "
        lea     rdi, [line]
        call    put_text
        print   `\n`
        ret

        section .bss
        align 8
line:   resb    4096
over:   resb    8
