; Every 20 ms: a record to `data`, a signal on `alarm`, a byte to `talk`; whatever becomes of these channels. The record and the byte
; are the entry's epoch.
%include "../../../../../examples/lib/guest.inc"

main:
        channel "data", data
        channel "alarm", alarm
        channel "talk", talk
        lea     rdi, [writer]
        mov     rsi, [data]
        call    ring_own
        mov     edi, 20
        call    start_timer
        print   `writer: begins\n`
.next:  call    wait_interrupt
        mov     rsi, [data]
        cmp     dword [rsi + ENTRY_STATE], STATE_LIVE
        jne     .alarm
        mov     eax, [rsi + ENTRY_EPOCH]
        mov     [record], eax
        lea     rdi, [writer]
        call    ring_current
        lea     rdi, [writer]
        lea     rsi, [record]
        mov     edx, 8
        call    ring_write
        mov     rdi, [data]
        call    ring_bell
.alarm: mov     rdi, [alarm]
        call    ring_bell
        mov     rdi, [talk]
        call    stream_accept
        mov     rdi, [talk]
        mov     r8, [rdi + ENTRY_GPA]
        test    dword [r8 + BYTES_FLAGS], FLAG_CLOSED
        jnz     .next
        mov     eax, [rdi + ENTRY_EPOCH]
        mov     [byte_out], al
        lea     rsi, [byte_out]
        mov     edx, 1
        call    stream_write
        jmp     .next

        section .bss
        align 8
writer: resb    OWN_SIZE
record: resb    8
byte_out: resb  8
