; The black network: carries what it gets, and shows that it sees no plaintext: the first block of each message, as it came, and the
; headers that came past the cipher.
MOST_TICKS      equ 300
GRACE_TICKS     equ 20
%include "../lib/guard.inc"
%include "../lib/forward.inc"

judge:  cmp     dword [message + MESSAGE_SEQUENCE], 1
        jne     .carry
        print   "black-net: first block "
        mov     eax, [message + MESSAGE_DATA]
        call    put_hex
        print   " "
        mov     eax, [message + MESSAGE_DATA + 4]
        call    put_hex
        print   `\n`
.carry: mov     eax, 1
        ret

; put_hex: eax = number
put_hex:
        mov     ecx, 8
.digit: rol     eax, 4
        mov     r9d, eax
        and     eax, 15
        lea     r8, [digits16]
        mov     al, [r8 + rax]
        mov     edx, COM1
        out     dx, al
        mov     eax, r9d
        dec     ecx
        jnz     .digit
        ret

        section .data
digits16: db    "0123456789abcdef"
        section .text
