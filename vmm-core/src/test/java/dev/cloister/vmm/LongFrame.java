package dev.cloister.vmm;

/** The 64-bit frame of test guests. */
public final class LongFrame {
    /**
     * Entered by PVH in 32-bit mode. Identity-maps 4 GiB, loads GDT and IDT (each vector pushes its number and jumps to
     * {@code trap_common}, which calls {@code trap} with the vector in RDI and the address of error code and frame in RSI, then returns by iretq) and
     * calls {@code main}; if that returns, exits with 1. {@code puts} prints the text at RSI on the debug port.
     */
    public static final String SOURCE = """
        format  elf64
        pvhnote start32
        entry   start32
        section .text
        bits 32
        start32:
                cld
                mov     esp, stack_top
                mov     eax, cr4
                or      eax, 0x620
                mov     cr4, eax
                mov     eax, pml4
                mov     cr3, eax
                mov     ecx, 0xC0000080
                rdmsr
                or      eax, 0x100
                wrmsr
                lgdt    [gdt_pointer]
                mov     eax, cr0
                or      eax, 0x80000002
                and     eax, 0xFFFFFFFB
                mov     cr0, eax
                jmp     8:start64
        bits 64
        default rel
        start64:
                mov     eax, 16
                mov     ds, eax
                mov     es, eax
                mov     ss, eax
                mov     esp, stack_top
                lea     rdi, [idt]
                lea     rax, [stubs]
                mov     ecx, 256
        .gate:  mov     [rdi], ax
                mov     word [rdi + 2], 8
                mov     word [rdi + 4], 0x8E00
                mov     rdx, rax
                shr     rdx, 16
                mov     [rdi + 6], dx
                shr     rdx, 16
                mov     [rdi + 8], edx
                mov     dword [rdi + 12], 0
                add     rdi, 16
                add     rax, 16
                dec     ecx
                jnz     .gate
                lidt    [idt_pointer]
                call    main
                exit    0
        puts:   mov     al, [rsi]
                test    al, al
                jz      .done
                out     0xe9, al
                inc     rsi
                jmp     puts
        .done:  ret
        trap_common:
                push    rax
                push    rcx
                push    rdx
                push    rsi
                push    rdi
                mov     rdi, [rsp + 40]
                lea     rsi, [rsp + 48]
                call    trap
                pop     rdi
                pop     rsi
                pop     rdx
                pop     rcx
                pop     rax
                add     rsp, 16
                iretq
        """ + stubs() + """
        section .data
        align 4096
        page_directories:
                times 2048 dq (($ - page_directories) / 8 << 21) | 0x83
        pdpt:   times 4 dq page_directories + ($ - pdpt) / 8 * 4096 + 3
                times 508 dq 0
        pml4:   dq pdpt + 3
                times 511 dq 0
        gdt:    dq 0, 0x00AF9B000000FFFF, 0x00CF93000000FFFF
        gdt_pointer:
                dw 23
                dd gdt
        align 8
        idt_pointer:
                dw 4095
                dq idt
        section .bss
        align 16
        idt:    resb 4096
        stack:  resb 16384
        stack_top:
        section .text
        """;

    private static final int GATES = 256;

    private LongFrame() {}

    /** Sixteen bytes for each vector; vectors without an error code get a 0 in its place. */
    private static String stubs() {
        StringBuilder text = new StringBuilder("align 16\nstubs:\n");
        for (int vector = 0; vector < GATES; vector++) {
            boolean hasErrorCode = vector == 8 || vector >= 10 && vector <= 14 || vector == 17;
            text.append(hasErrorCode ? "" : "        push 0\n");
            text.append("        push ").append(vector).append("\n        jmp trap_common\n        align 16\n");
        }
        return text.toString();
    }
}
