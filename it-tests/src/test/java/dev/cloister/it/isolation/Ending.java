package dev.cloister.it.isolation;

import java.util.List;

/**
 * What ends a guest, each in a domain of its own.
 *
 * @param name the domain's name
 * @param what what is tried, for the page
 * @param body instructions
 * @param codes exit codes with which the domain may end
 */
record Ending(String name, String what, String body, List<Integer> codes) {
    private static final int GUEST_FAULT = 70;
    private static final int OFF = 0;

    private static Ending fault(String name, String what, String body) {
        return new Ending(name, what, body, List.of(GUEST_FAULT));
    }

    private static Ending off(String name, String what, String body) {
        return new Ending(name, what, body, List.of(OFF));
    }

    static final List<Ending> ALL = List.of(
            fault("execute-hole", "kernel code jumps to where there is no memory", "mov eax, 0xC0000000\njmp rax\n"),
            fault("execute-above-ram", "behind the end of RAM", "mov eax, 0x800000\njmp rax\n"),
            fault("execute-area", "into the channel area", "mov eax, 0xDFFF0000\njmp rax\n"),
            fault("tables-in-hole", "page tables where there is no memory", "mov eax, 0xC0000000\nmov cr3, rax\nnop\n"),
            fault("tables-in-area", "page tables in the channel area", "mov eax, 0xDFFF0000\nmov cr3, rax\nnop\n"),
            fault("tables-too-high", "page tables above the physical width", "mov rax, 1 << 51\nmov cr3, rax\nnop\n"),
            fault(
                    "gates-in-hole",
                    "an IDT where there is no memory, and an exception",
                    "mov rax, 0xC0000000\nmov [rsp - 14], rax\nmov word [rsp - 16], 0xFFF\nlidt [rsp - 16]\nud2\n"),
            off(
                    "power-off",
                    "the power management register",
                    "mov edx, 0x604\nmov eax, 0x2000\nout dx, ax\n.a: jmp .a\n"),
            off("reset", "the reset register", "mov edx, 0xCF9\nmov al, 6\nout dx, al\n.a: jmp .a\n"),
            off("keyboard-reset", "the keyboard controller's reset line", "mov al, 0xFE\nout 0x64, al\n.a: jmp .a\n"));

    /** Guests that get nowhere, on some hosts or on all, and that the operator must be able to end; the code is not looked at. */
    static final List<Ending> STALLS = List.of(
            fault(
                    "segments-in-hole",
                    "a GDT where there is no memory, and a segment from it, which some KVMs never end",
                    "mov rax, 0xC0000000\nmov [rsp - 14], rax\nmov word [rsp - 16], 0xFFF\nlgdt [rsp - 16]\n"
                            + "mov eax, 0x10\nmov ss, eax\nud2\n"),
            off("spin", "spin with interrupts off", "cli\n.a: jmp .a\n"),
            off("halt", "halt with interrupts off", "cli\n.a: hlt\njmp .a\n"),
            off("hypercall", "`vmmcall`, which some KVMs never end", "vmmcall\n.a: jmp .a\n"),
            off(
                    "table-register",
                    "`sgdt` into the directory page, which some KVMs never end",
                    "mov ebx, 0xD0000800\n.a: sgdt [rbx]\njmp .a\n"),
            off("violations", "violations without end", "mov ebx, 0xD0000000\n.a: mov [rbx], eax\njmp .a\n"),
            off("requests", "requests without end", "mov edx, 0xC100\n.a: out dx, eax\njmp .a\n"));
}
