; Sends 16 secret messages of two blocks: 16 bytes, of which the second block is the first one's complement, so that whoever
; deciphers can tell. The first one's first block is the plaintext of a published test vector.
MESSAGES        equ 16
PERIOD_MS       equ 100
SPOIL_EVERY     equ NEVER
MARK_EVERY      equ NEVER
%include "../lib/producer.inc"

amend:  lea     rsi, [message + MESSAGE_DATA]
        cmp     edx, 1
        jne     .complement
        mov     dword [rsi], 0x41424344
        mov     dword [rsi + 4], 0x45464748
.complement:
        mov     rax, [rsi]
        not     rax
        mov     [rsi + 8], rax
        ret
