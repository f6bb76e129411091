; What a processor finds at reset where no firmware is: protected mode, and on to the test kernel in RAM.
bits 16
rom:
    cli
    mov al, 2
    out 0x92, al
    db 0x66
    lgdt [cs:gdtr]
    mov eax, 0x11
    mov cr0, eax
    jmp dword CODE32:KERNEL
align 8
gdt:
    dq 0, 0x00CF9B000000FFFF, 0x00CF93000000FFFF
gdtr:
    dw 23
    dd 0xFFFF0000 + gdt
