; Prints `ready`, then gives back each byte of its serial line in brackets; switches off at `q`.
%include "../../../../../examples/lib/guest.inc"

LINE_STATUS     equ COM1 + 5
DATA_READY      equ 1

main:
        mov     edi, 10
        call    start_timer
        print   `ready\n`
.wait:  call    wait_interrupt
.byte:  mov     edx, LINE_STATUS
        in      al, dx
        test    al, DATA_READY
        jz      .wait
        mov     edx, COM1
        in      al, dx
        movzx   ebx, al
        mov     al, '['
        call    put_char
        mov     al, bl
        call    put_char
        mov     al, ']'
        call    put_char
        cmp     bl, 'q'
        jne     .byte
        print   `\nbye\n`
        ret
