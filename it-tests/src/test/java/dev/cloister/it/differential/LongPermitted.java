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
        String paging = paged(mine, their, differences);
        if (!paging.isEmpty()) {
            return paging;
        }
        String why = fast(c, mnemonic, mine, their, differences);
        return why.isEmpty() ? far(c, mnemonic, mine, their, differences) : why;
    }

    private static String paged(SystemOutcome mine, SystemOutcome their, List<String> differences) {
        if (mine.vector() == PAGE_FAULT && their.vector() == PAGE_FAULT && differences.size() == 1) {
            long own = mine.field(SystemPlace.HEADER + errorAt(mine), 4);
            long other = their.field(SystemPlace.HEADER + errorAt(mine), 4);
            if ((own & 8) != 0 && own == (other | 1)) {
                return "QEMU reports a reserved bit of an entry without P (SDM vol. 3, 4.7: RSVD is set only with P)";
            }
        }
        if (mine.vector() == 8
                && differences.size() == 1
                && differences.getFirst().startsWith("ss:")) {
            return "QEMU loads SS with null where the IST gives the stack and the privilege stays (SDM vol. 2, INT n)";
        }
        return "";
    }

    /** Where in the world the error code lies. */
    private static int errorAt(SystemOutcome mine) {
        return (int) mine.field(LongPlace.SAVED_GPR + 8 * 4, 8) & 0xFF8;
    }

    private static boolean isOfAddress(SystemOutcome mine) {
        return mine.vector() == STACK_FAULT || mine.vector() == PROTECTION || mine.vector() == 8;
    }

    private static String fast(
            LongCase c, String mnemonic, SystemOutcome mine, SystemOutcome their, List<String> differences) {
        return switch (mnemonic) {
            case "syscall" ->
                differences.stream().allMatch(d -> d.contains("flags") || d.startsWith("ss:"))
                        ? "QEMU's SYSCALL loses the arithmetic flags (SDM vol. 2, SYSCALL: RFLAGS AND NOT IA32_FMASK)"
                        : "";
            case "wrfsbase", "wrgsbase" ->
                isNarrow(c) ? "QEMU's WRFSBASE takes 66 for 64 bits (SDM vol. 2, WRFSBASE: by REX.W alone)" : "";
            case "in", "ins" ->
                mine.vector() == their.vector() || c.wide(1) != 0 && c.isUser
                        ? "ports answer differently where nothing is attached"
                        : "";
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
            case "int" -> interrupt(c, mine, their, differences);
            case "mov" -> moved(mine, their, differences);
            default -> model(c, mnemonic, mine, their);
        };
    }

    private static String moved(SystemOutcome mine, SystemOutcome their, List<String> differences) {
        if (differences.size() == 1 && differences.getFirst().matches("(cr0|dr[67]):.*")) {
            return "QEMU keeps reserved bits of CR0, DR6 and DR7 (SDM vol. 3, 2.5, 18.2.3 and 18.2.4)";
        }
        if (mine.vector() == PROTECTION && (their.field(0xC0, 8) & 0x60000000L) == 0x20000000L) {
            return "QEMU takes CR0.NW without CR0.CD (SDM vol. 2, MOV CR: #GP)";
        }
        return mine.vector() == 6 && their.vector() == PROTECTION
                ? "QEMU looks at the privilege before the register's number (SDM vol. 2, MOV CR and MOV DR: #UD)"
                : "";
    }

    /** What depends on the registers and features that a model has. */
    private static String model(LongCase c, String mnemonic, SystemOutcome mine, SystemOutcome their) {
        return switch (mnemonic) {
            case "rdmsr", "wrmsr" ->
                c.wide(1) == 0x174 && mine.vector() == their.vector()
                        ? "QEMU keeps 16 bits of IA32_SYSENTER_CS (SDM vol. 2, SYSENTER: 32 are there)"
                        : isRefusedValue(c, mnemonic) && mine.vector() == PROTECTION
                                ? "QEMU ignores registers that it doesn't know, addresses that aren't canonical and"
                                        + " reserved bits (SDM vol. 2, WRMSR: #GP)"
                                : "";
            case "sysretd", "sysretq" ->
                c.bits != 64 && mine.vector() == 6
                        ? "QEMU returns by SYSRET from compatibility mode too, or raises #GP (SDM vol. 2, SYSRET: #UD)"
                        : "";
            case "sysexitd" ->
                mine.vector() == their.vector()
                        ? "QEMU's SYSEXIT to 32-bit code keeps RCX's upper half in RSP (SDM vol. 2, SYSEXIT)"
                        : "";
            case "lss", "lfs", "lgs" ->
                isWide(c) ? "QEMU reads m16:32 with REX.W, as AMD's processors do (SDM vol. 2, LSS: m16:64)" : "";
            case "lar" -> isOfLimit(mine, their) ? "bits 16 to 19 of LAR's result are undefined (SDM vol. 2, LAR)" : "";
            case "ltr" ->
                mine.vector() == PROTECTION && (their.field(0x94, 2) & ~3) % 0x110 == 0
                        ? "QEMU lets LTR load a null selector, or a base that isn't canonical (SDM vol. 2, LTR: #GP)"
                        : "";
            default -> "";
        };
    }

    private static boolean isRefusedValue(LongCase c, String mnemonic) {
        int index = (int) c.wide(1);
        long value = c.wide(0) & 0xFFFFFFFFL | c.wide(2) << 32;
        boolean strange = value << 16 >> 16 != value;
        boolean reserved = index == 0x277 || index == 0xC0000084 || index == 0xC0000080 || index == 0xC0000103;
        return index == 0x12345678 || mnemonic.equals("wrmsr") && (strange || reserved);
    }

    private static boolean isOfLimit(SystemOutcome mine, SystemOutcome their) {
        long differing = 0;
        for (int r = 0; r < 16; r++) {
            differing |= mine.field(LongPlace.SAVED_GPR + 8 * r, 8) ^ their.field(LongPlace.SAVED_GPR + 8 * r, 8);
        }
        return (differing & ~0xF0000L) == 0 && mine.vector() == their.vector();
    }

    private static boolean isWide(LongCase c) {
        for (int n = 0; n + 1 < c.code.length; n++) {
            if (c.code[n + 1] == 0x0F) {
                return (c.code[n] & 0xF8) == 0x48;
            }
        }
        return false;
    }

    private static String operand(LongCase c, String mnemonic) {
        int opcode = c.code[c.code.length - 3 < 0 ? 0 : c.code.length - 3] & 0xFF;
        boolean takes = opcode == (mnemonic.equals("ret") ? 0xC2 : 0xCA);
        return takes && c.code[c.code.length - 1] < 0 ? "QEMU takes RET's operand as signed (SDM vol. 2, RET)" : "";
    }

    private static String interrupt(LongCase c, SystemOutcome mine, SystemOutcome their, List<String> differences) {
        if (c.code[c.code.length - 1] == 0x30) {
            return "QEMU pushes before it looks whether the gate's target is canonical (SDM vol. 2, INT n: #GP)";
        }
        if (c.isUser && (c.getLong(LongPlace.CR4) & SMAP) != 0 && their.vector() == PAGE_FAULT) {
            return "QEMU pushes as the supervisor where a gate leads to conforming code (SDM vol. 3, 4.6: SMAP)";
        }
        boolean alone = differences.stream().allMatch(d -> d.startsWith("world"));
        if (mine.vector() == their.vector() && alone) {
            return "QEMU's error code has the vector times 16 (SDM vol. 3, 6.13: the index of the gate)";
        }
        return differences.size() == 1 && differences.getFirst().startsWith("ss:")
                ? "QEMU loads SS with null where the IST gives the stack and the privilege stays (SDM vol. 2, INT n)"
                : "";
    }

    private static String far(
            LongCase c, String mnemonic, SystemOutcome mine, SystemOutcome their, List<String> differences) {
        if (differences.size() == 1 && differences.getFirst().contains("emulator 00000043, other 00000040")) {
            return "QEMU enters conforming code through a call gate with that code's DPL (SDM vol. 3, 5.8.4: CPL"
                    + " stays)";
        }
        boolean returns = mnemonic.startsWith("iret") || mnemonic.equals("retf");
        if (returns && c.isUser && (c.getLong(LongPlace.CR4) & SMAP) != 0 && their.vector() == PAGE_FAULT) {
            return "QEMU reads the stack of a return at CPL 3 as the supervisor (SDM vol. 3, 4.6: SMAP)";
        }
        return returns && mine.vector() == PROTECTION
                ? "QEMU lets IRET load code with L and D both set, and a null SS into compatibility mode (SDM vol. 2,"
                        + " IRET)"
                : "";
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
