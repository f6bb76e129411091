; Reads what was deciphered: right is a message whose second block is the first one's complement, and for the first message the
; plaintext of the published test vector.
MOST_TICKS      equ 300
GRACE_TICKS     equ 20
%include "../lib/guard.inc"

judge:  mov     rax, [message + MESSAGE_DATA]
        cmp     dword [message + MESSAGE_SEQUENCE], 1
        jne     .complement
        mov     rdx, 0x4546474841424344
        cmp     rax, rdx
        jne     .wrong
        push    rax
        print   `red-reader: the test vector came through\n`
        pop     rax
.complement:
        not     rax
        cmp     rax, [message + MESSAGE_DATA + 8]
        jne     .wrong
        mov     eax, 1
        ret
.wrong: xor     eax, eax
        ret

deliver:
finish: ret
