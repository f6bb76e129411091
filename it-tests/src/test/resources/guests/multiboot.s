# A Multiboot 1 kernel for GNU as: prints its command line on the first serial port, ends with 3 on the debug-exit port.
        .set    MAGIC, 0x1BADB002
        .set    FLAGS, 2                # asks for the memory fields, so the loader must fill the information structure
        .section .header, "a"
        .align  4
        .long   MAGIC, FLAGS, -(MAGIC + FLAGS)
        .text
        .code32
        .globl  _start
_start: cmp     $0x2BADB002, %eax
        jne     bad
        testl   $4, (%ebx)              # is the command line there?
        jz      bad
        mov     16(%ebx), %esi
        mov     $0x3F8, %edx
next:   lodsb
        test    %al, %al
        jz      good
        out     %al, %dx
        jmp     next
good:   mov     $3, %al
        out     %al, $0xF4
bad:    mov     $4, %al
        out     %al, $0xF4
        hlt
