; Every 20 ms BURST messages of MESSAGE bytes to `gram`: the entry's epoch, and a number that counts those that found room. Says when it
; has been told of losses.
%include "../../../../../examples/lib/guest.inc"
%include "../../../../../examples/lib/record.inc"
%include "../../../../../examples/lib/every.inc"

main:
        channel "gram", gram
        call    hear_bells
        mov     edi, 20
        call    start_timer
        print   `writer: begins\n`
        xor     r12d, r12d              ; messages sent
        xor     r13d, r13d              ; losses that it was told of
.wait:  call    wait_tick
        mov     rdi, [gram]
        call    stream_accept
        mov     rdi, [gram]
        mov     r8, [rdi + ENTRY_GPA]
        mov     rax, [r8 + RECORDS_LOST]
        cmp     rax, r13
        je      .send
        test    r13, r13
        mov     r13, rax
        jnz     .send
        print   `writer: told of losses\n`
.send:  mov     ebx, BURST
.next:  mov     rdi, [gram]
        mov     r8, [rdi + ENTRY_GPA]
        test    dword [r8 + RECORDS_FLAGS], FLAG_CLOSED
        jnz     .wait
        mov     eax, [rdi + ENTRY_EPOCH]
        mov     [message], eax
        mov     [message + 4], r12d
        lea     rsi, [message]
        mov     edx, MESSAGE
        call    record_write
        test    eax, eax
        jz      .wait
        inc     r12d
        dec     ebx
        jnz     .next
        jmp     .wait

        section .bss
        align 8
message: resb   RECORD_ROOM
