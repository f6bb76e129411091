; The outward crypto guard: enciphers both blocks of each message and passes on nothing that it has not enciphered. It tries the
; published test vector first and passes on nothing at all if that comes out wrong.
MOST_TICKS      equ 300
GRACE_TICKS     equ 20
%include "../lib/guard.inc"
%include "../lib/forward.inc"
%include "../lib/xtea.inc"

judge:  call    self_test
        test    eax, eax
        jz      .no
        cmp     dword [message + MESSAGE_LENGTH], 16
        jne     .no
        lea     rsi, [message + MESSAGE_DATA]
        call    encipher
        lea     rsi, [message + MESSAGE_DATA + 8]
        call    encipher
        xor     eax, eax                ; nothing of what stood behind the data goes along
        mov     [message + MESSAGE_DATA + 16], rax
        mov     [message + MESSAGE_DATA + 24], rax
        mov     eax, 1
        ret
.no:    xor     eax, eax
        ret

; self_test: result eax = 1 if the cipher makes of the test vector what it should
self_test:
        mov     rax, [vector_plain]
        mov     [trial], rax
        lea     rsi, [trial]
        call    encipher
        mov     rdx, [trial]
        xor     eax, eax
        cmp     rdx, [vector_cipher]
        sete    al
        ret

        section .bss
        align 8
trial:  resq    1
        section .text
