; Takes exits without end. PVH entry: 32-bit protected mode, no paging.
        format elf32
        pvhnote start
        entry   start

        section .text
        bits 32
start:  mov     al, 'S'
        out     0xe9, al
again:  out     0x80, al
        jmp     again
