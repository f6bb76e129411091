; Every 2 ms: a record to `data` and `aux`, a signal on `alarm`, 16 bytes to `talk`; whatever becomes of these channels.
%include "../../../../../examples/lib/guest.inc"

main:
        channel "data", data
        channel "aux", aux
        channel "alarm", alarm
        channel "talk", talk
        lea     rdi, [data_own]
        mov     rsi, [data]
        call    ring_own
        lea     rdi, [aux_own]
        mov     rsi, [aux]
        call    ring_own
        mov     edi, 2
        call    start_timer
        print   `source: begins\n`
.next:  call    wait_interrupt
        mov     rsi, [data]
        lea     rdi, [data_own]
        call    send
        mov     rsi, [aux]
        lea     rdi, [aux_own]
        call    send
        mov     rdi, [alarm]
        call    ring_bell
        mov     rdi, [talk]
        call    stream_accept
        mov     rdi, [talk]
        mov     r8, [rdi + ENTRY_GPA]
        test    dword [r8 + BYTES_FLAGS], FLAG_CLOSED
        jnz     .next
        lea     rsi, [record]
        mov     edx, 16
        call    stream_write
        jmp     .next

; send: rdi = own state, rsi = directory entry
send:   cmp     dword [rsi + ENTRY_STATE], STATE_LIVE
        jne     .done
        push    rsi
        push    rdi
        call    ring_current
        pop     rdi
        lea     rsi, [record]
        mov     edx, 16
        call    ring_write
        pop     rdi
        jmp     ring_bell
.done:  ret

        section .bss
        align 8
data_own: resb  OWN_SIZE
aux_own: resb   OWN_SIZE
record: resb    64
