package dev.cloister.it.differential;

import java.util.List;

/** What the emulator and QEMU's translator may differ in, in IA-32e mode, with the reasons. */
final class LongPermitted {
    private static final int STACK_FAULT = 12;
    private static final int PROTECTION = 13;
    private static final int PAGE_FAULT = 14;
    private static final long SMAP = 0x200000;

    private LongPermitted() {}

    /** Why the differences are permitted; empty where they aren't. */
    static String why(LongCase c, SystemOutcome mine, SystemOutcome their, List<String> differences) {
        String mnemonic = c.group.substring(c.group.lastIndexOf(' ') + 1);
        if (c.isStrange && isOfAddress(mine)) {
            return "QEMU doesn't look whether an address is canonical where it is branched to, loaded or on the stack,"
                    + " or raises #GP for #SS (SDM vol. 1, 3.3.7.1; vol. 2, JMP, LGDT, SYSRET)";
        }
        String why = fast(c, mnemonic, mine, their, differences);
        return why.isEmpty() ? far(c, mnemonic, mine, their, differences) : why;
    }

    private static boolean isOfAddress(SystemOutcome mine) {
        return mine.vector() == STACK_FAULT || mine.vector() == PROTECTION || mine.vector() == 8;
    }

    private static String fast(
            LongCase c, String mnemonic, SystemOutcome mine, SystemOutcome their, List<String> differences) {
        return switch (mnemonic) {
            case "syscall" ->
                differences.stream().allMatch(d -> d.contains("flags"))
                        ? "QEMU's SYSCALL loses the arithmetic flags (SDM vol. 2, SYSCALL: RFLAGS AND NOT IA32_FMASK)"
                        : "";
            case "wrfsbase", "wrgsbase" ->
                isNarrow(c) ? "QEMU's WRFSBASE takes 66 for 64 bits (SDM vol. 2, WRFSBASE: by REX.W alone)" : "";
            case "in", "ins" ->
                mine.vector() == their.vector() ? "ports answer differently where nothing is attached" : "";
            case "call", "jmp", "ret" ->
                isNarrow(c) && c.bits == 64
                        ? "QEMU cuts a near branch with 66 to 16 bits in 64-bit mode, as AMD's processors do (SDM vol."
                                + " 2, CALL, JMP, RET: 64 bits)"
                        : operand(c, mnemonic);
            case "retf" -> operand(c, mnemonic);
            case "enter" ->
                mine.vector() == PAGE_FAULT
                        ? "QEMU doesn't look whether ENTER's final stack can be written (SDM vol. 2, ENTER: #PF)"
                        : "";
            case "int" -> interrupt(mine, their, differences);
            case "mov" ->
                mine.vector() == 6 && their.vector() == PROTECTION
                        ? "QEMU looks at the privilege before the register's number (SDM vol. 2, MOV CR and MOV DR:"
                                + " #UD)"
                        : "";
            default -> "";
        };
    }

    private static String operand(LongCase c, String mnemonic) {
        int opcode = c.code[c.code.length - 3 < 0 ? 0 : c.code.length - 3] & 0xFF;
        boolean takes = opcode == (mnemonic.equals("ret") ? 0xC2 : 0xCA);
        return takes && c.code[c.code.length - 1] < 0 ? "QEMU takes RET's operand as signed (SDM vol. 2, RET)" : "";
    }

    private static String interrupt(SystemOutcome mine, SystemOutcome their, List<String> differences) {
        boolean alone = differences.stream().allMatch(d -> d.startsWith("world"));
        if (mine.vector() == PROTECTION && their.vector() == PROTECTION && alone) {
            return "QEMU's error code has the vector times 16 (SDM vol. 3, 6.13: the index of the gate)";
        }
        return differences.size() == 1 && differences.getFirst().startsWith("ss:")
                ? "QEMU loads SS with null where the IST gives the stack and the privilege stays (SDM vol. 2, INT n)"
                : "";
    }

    private static String far(
            LongCase c, String mnemonic, SystemOutcome mine, SystemOutcome their, List<String> differences) {
        boolean returns = mnemonic.startsWith("iret") || mnemonic.equals("retf");
        if (returns && c.isUser && (c.getLong(LongPlace.CR4) & SMAP) != 0 && their.vector() == PAGE_FAULT) {
            return "QEMU reads the stack of a return at CPL 3 as the supervisor (SDM vol. 3, 4.6: SMAP)";
        }
        return "";
    }

    /** Whether an operand-size prefix stands before the opcode. */
    private static boolean isNarrow(LongCase c) {
        for (byte b : c.code) {
            if (b == 0x66) {
                return true;
            }
            if (b == 0x0F || (b & 0xF0) == 0xC0 || (b & 0xF0) == 0xE0) {
                return false;
            }
        }
        return false;
    }
}
