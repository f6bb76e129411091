package dev.cloister.it.differential;

import java.util.List;
import java.util.Set;

/** What the emulator and QEMU's translator may differ in, with the reasons. */
final class SystemPermitted {
    /** QEMU saves no RF for faults (SDM vol. 3, 18.3.1.1). */
    static final int RESUME = 0x10000;

    /** QEMU sets the accessed bit when a data segment is loaded, not when IRET, RETF or a task switch loads one (SDM vol. 3, 3.4.5.1). */
    static final int ACCESSED = 1;

    /** More differences than a fault of the same instruction has. */
    private static final int ELSEWHERE = 4;

    private static final int LIMIT_BITS = 0xF0000;

    private static final Set<String> VIRTUAL_INTERRUPTS =
            Set.of("cli", "sti", "pushf", "pushfw", "popf", "popfw", "iret", "iretw", "int");

    private static final Set<String> FAR = Set.of("call", "jmp", "retf", "iret", "iretw");

    private SystemPermitted() {}

    /** Flags that the manual leaves undefined after the instruction. */
    static int undefined(SystemCase c) {
        return (int) Permitted.undefined(mnemonic(c));
    }

    private static String mnemonic(SystemCase c) {
        return c.group.substring(c.group.lastIndexOf(' ') + 1);
    }

    /** Why the differences are permitted; empty where they aren't. */
    static String why(SystemCase c, SystemOutcome mine, SystemOutcome their, List<String> differences) {
        String mnemonic = mnemonic(c);
        boolean fault = mine.vector() == 12 || mine.vector() == 13;
        boolean elsewhere = their.vector() != mine.vector() || differences.size() > ELSEWHERE;
        if (c.isSegmented && fault && elsewhere) {
            return "QEMU checks no limits and no types where memory is read, written or branched to (SDM vol. 3, 5.3"
                    + " and 5.5)";
        }
        if (VIRTUAL_INTERRUPTS.contains(mnemonic) && (c.get(SystemPlace.CR4) & 3) != 0) {
            return "QEMU hasn't the virtual interrupt flag (SDM vol. 3, 20.3 and 20.4)";
        }
        if (FAR.contains(mnemonic) && fault && isStackAlone(differences)) {
            return "QEMU's error code names the selector where the target lies beyond the limit (SDM vol. 2, CALL,"
                    + " JMP, RET, IRET: #GP(0))";
        }
        if (mnemonic.equals("call")
                && differences.size() == 1
                && differences.getFirst().contains("00000083, other 00000080")) {
            return "QEMU enters conforming code through a call gate with that code's DPL (SDM vol. 3, 5.8.4: CPL"
                    + " stays)";
        }
        return switch (mnemonic) {
            case "ret", "retf" ->
                c.code[c.code.length - 1] < 0 ? "QEMU takes the operand of RET as signed (SDM vol. 2, RET)" : "";
            case "int1" -> "QEMU hands INT1 to its debugger and raises #UD (SDM vol. 2, INT n/INTO/INT3/INT1)";
            case "rdpmc" -> "QEMU has no performance counters: #UD";
            case "rdmsr", "wrmsr" -> "QEMU ignores registers that it doesn't know (SDM vol. 2, RDMSR, WRMSR: #GP)";
            case "in", "ins" ->
                mine.vector() == their.vector() ? "ports answer differently where nothing is attached" : "";
            case "lar" ->
                onlyLimitBits(mine, their) ? "bits 16 to 19 of LAR's result are undefined (SDM vol. 2, LAR)" : "";
            case "ltr" -> (their.word(24) & ~3) == 0 ? "QEMU lets LTR load a null selector (SDM vol. 2, LTR: #GP)" : "";
            case "sysretd" -> mine.vector() == 6 ? "QEMU raises #GP before #UD (SDM vol. 2, SYSRET)" : "";
            case "mov" -> moved(mine, their, differences);
            default -> "";
        };
    }

    private static String moved(SystemOutcome mine, SystemOutcome their, List<String> differences) {
        boolean single = differences.size() == 1;
        if (single
                && (differences.getFirst().startsWith("cr0")
                        || differences.getFirst().startsWith("dr7"))) {
            return "QEMU keeps reserved bits of CR0 and DR7 (SDM vol. 3, 2.5 and 18.2.4)";
        }
        return mine.vector() == 6 && their.vector() == 13
                ? "QEMU looks at the privilege before the register's number (SDM vol. 2, MOV CR and MOV DR: #UD)"
                : "";
    }

    private static boolean onlyLimitBits(SystemOutcome mine, SystemOutcome their) {
        int differing = 0;
        for (int n = 1; n < 9; n++) {
            differing |= mine.word(n) ^ their.word(n);
        }
        for (int at = SystemPlace.INNER_STACK - 16; at < SystemPlace.INNER_STACK; at += 4) {
            differing |= mine.world(at) ^ their.world(at);
        }
        return (differing & ~LIMIT_BITS & ~RESUME) == 0;
    }

    private static boolean isStackAlone(List<String> differences) {
        return differences.stream().allMatch(d -> d.startsWith("inner stack") || d.startsWith("world"));
    }
}
