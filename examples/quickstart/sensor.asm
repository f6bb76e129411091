; sensor (unclassified): sends 200 numbered readings to `guard`, one every 25 ms; every tenth is malformed on purpose.
%include "../lib/guest.inc"
%include "../lib/reading.inc"

READINGS        equ 200
PERIOD_MS       equ 25
BAD_EVERY       equ 10
LINGER_TICKS    equ 12                  ; the guard has this many periods to take the last record before we are gone

main:
        channel "readings", readings
        lea     rdi, [writer]
        mov     rsi, [readings]
        call    ring_own
        lea     rdi, [writer]
        call    ring_start
        print   `sensor: 200 readings, every tenth malformed\n`
        mov     edi, PERIOD_MS
        call    start_timer
        xor     ebx, ebx                ; sequence number
        mov     r12d, BAD_EVERY         ; until the next bad one
        xor     r13d, r13d              ; which way to be bad

.reading:
        call    wait_interrupt
        inc     ebx
        mov     edi, TYPE_READING
        call    compose
        dec     r12d
        jnz     .send
        mov     r12d, BAD_EVERY
        call    spoil
.send:  call    send
        cmp     ebx, READINGS
        jb      .reading

        call    wait_interrupt
        inc     ebx
        mov     edi, TYPE_END
        call    compose
        call    send
        mov     ebx, LINGER_TICKS
.linger:
        call    wait_interrupt
        dec     ebx
        jnz     .linger
        print   `sensor: done\n`
        ret

; compose: ebx = sequence, edi = type; fills `reading`
compose:
        lea     rsi, [reading]
        mov     dword [rsi + READING_MAGIC], MAGIC_READING
        mov     [rsi + READING_SEQUENCE], ebx
        mov     [rsi + READING_TYPE], edi
        mov     dword [rsi + READING_LENGTH], 16
        imul    eax, ebx, 0x01000193    ; something that changes
        mov     [rsi + READING_DATA], eax
        rol     eax, 9
        mov     [rsi + READING_DATA + 4], eax
        call    reading_checksum
        mov     [rsi + READING_CHECKSUM], eax
        ret

; spoil: a wrong checksum, an impossible length, a wrong magic, by turns
spoil:
        lea     rsi, [reading]
        inc     r13d
        cmp     r13d, 2
        je      .length
        ja      .magic
        inc     dword [rsi + READING_CHECKSUM]
        ret
.length:
        mov     dword [rsi + READING_LENGTH], 0x7FFFFFFF
        call    reading_checksum        ; the checksum is right: only the length gives it away
        mov     [rsi + READING_CHECKSUM], eax
        ret
.magic: mov     dword [rsi + READING_MAGIC], "EVIL"
        xor     r13d, r13d
        ret

send:
        lea     rdi, [writer]
        lea     rsi, [reading]
        mov     edx, READING_BYTES
        call    ring_write
        mov     rdi, [readings]
        jmp     ring_bell

        section .bss
        align 8
writer: resb    OWN_SIZE
reading: resb   READING_BYTES
