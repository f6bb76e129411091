; Every 20 ms BURST lines to the log `notes`, first one that would write to a terminal what its reader doesn't say.
%include "../../../../../examples/lib/guest.inc"
%include "../../../../../examples/lib/record.inc"
%include "../../../../../examples/lib/every.inc"

main:
        channel "notes", notes
        call    hear_bells
        mov     edi, 20
        call    start_timer
        print   `writer: begins\n`
.wait:  call    wait_tick
        mov     rdi, [notes]
        call    stream_accept
        mov     rdi, [notes]
        mov     r8, [rdi + ENTRY_GPA]
        test    dword [r8 + RECORDS_FLAGS], FLAG_CLOSED
        jnz     .wait
        cmp     byte [spoken], 0
        jne     .lines
        mov     byte [spoken], 1
        lea     rsi, [evil]
        mov     edx, EVIL_BYTES
        call    record_write
.lines: mov     ebx, BURST
.next:  mov     rdi, [notes]
        lea     rsi, [line]
        mov     edx, LINE_BYTES
        call    record_write
        dec     ebx
        jnz     .next
        jmp     .wait

        section .data
evil:   db      27, "[2J", 10, "reader: forged", 13, 0, 255
EVIL_BYTES equ  $ - evil
        align 8
        dq      0
line:   db      "the valve is open, the tank is half full and the temperature is right"
LINE_BYTES equ  $ - line
        dq      0
        section .bss
spoken: resb    8
