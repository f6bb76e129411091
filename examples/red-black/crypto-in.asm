; The inward crypto guard: deciphers both blocks of each message.
MOST_TICKS      equ 300
GRACE_TICKS     equ 20
%include "../lib/guard.inc"
%include "../lib/forward.inc"
%include "../lib/xtea.inc"

judge:  lea     rsi, [message + MESSAGE_DATA]
        call    decipher
        lea     rsi, [message + MESSAGE_DATA + 8]
        call    decipher
        mov     eax, 1
        ret
