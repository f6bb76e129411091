; The bypass: what the black network needs in the clear to carry a message, and nothing else: its number and length, as a line of
; text of a fixed form. It refuses lengths that no message has, since a length can carry a secret as well.
LINE_FIRST      equ MESSAGE_SEQUENCE
LINE_SECOND     equ MESSAGE_LENGTH
MOST_TICKS      equ 300
GRACE_TICKS     equ 20
%include "../lib/guard.inc"
%include "../lib/lines.inc"

; The numbers must count up by one: a sender can't choose them.
judge:  xor     eax, eax
        cmp     dword [message + MESSAGE_LENGTH], 16
        jne     .done
        mov     edx, [expected]
        inc     edx
        cmp     edx, [message + MESSAGE_SEQUENCE]
        jne     .done
        mov     [expected], edx
        mov     eax, 1
.done:  ret

        section .bss
expected: resd  1
        section .text
