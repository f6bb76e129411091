package dev.cloister.it.differential;

import java.util.List;
import java.util.function.Predicate;

/** What the emulator and QEMU's translator may differ in, in IA-32e mode: a table of reasons, each with its condition. */
final class LongPermitted {
    private static final int UNDEFINED = 6;
    private static final int DOUBLE_FAULT = 8;
    private static final int STACK_FAULT = 12;
    private static final int PROTECTION = 13;
    private static final int PAGE_FAULT = 14;
    private static final long SMAP = 0x200000;
    private static final int ZERO_FLAG = 0x40;
    private static final int SELECTOR_OF_SS = 0x88;
    private static final int SELECTOR_OF_LDT = 0x92;
    private static final int SELECTOR_OF_TR = 0x94;
    private static final int FLAGS = 0xB8;
    private static final int CR0 = 0xC0;

    /** A case, its results, and how they differ. */
    private record Seen(
            LongCase c, String mnemonic, SystemOutcome mine, SystemOutcome their, List<String> differences) {
        boolean is(String pattern) {
            return mnemonic.matches(pattern);
        }

        boolean vectors(int own, int other) {
            return mine.vector() == own && their.vector() == other;
        }

        boolean isAgreed() {
            return mine.vector() == their.vector();
        }

        /** Whether every difference is of this kind. */
        boolean only(String pattern) {
            return differences.stream().allMatch(d -> d.matches(pattern));
        }

        boolean isSingle(String pattern) {
            return differences.size() == 1 && only(pattern);
        }

        /** Whether QEMU found a page of CPL 3 out of the supervisor's reach. */
        boolean isKeptOut() {
            return c.isUser && (c.getLong(LongPlace.CR4) & SMAP) != 0 && their.vector() == PAGE_FAULT;
        }

        int lastByte() {
            return c.code[c.code.length - 1];
        }

        /** Whether there is an operand that begins with this opcode. */
        boolean hasOperandOf(int opcode) {
            return c.code.length > 2 && (c.code[c.code.length - 3] & 0xFF) == opcode;
        }
    }

    /**
     * A line of the table.
     *
     * @param why in reports
     * @param applies whether it explains what was seen
     */
    private record Rule(String why, Predicate<Seen> applies) {}

    private static final List<Rule> RULES = List.of(
            new Rule(
                    "QEMU checks no types where memory is read or written (SDM vol. 3, 5.5)",
                    s -> s.c.bits == 32 && s.c.isSegmented && s.vectors(PROTECTION, UNDEFINED)),
            new Rule(
                    "QEMU checks no limits where memory is read or written (SDM vol. 3, 5.3)",
                    s -> s.c.bits == 32 && s.c.isSegmented && s.vectors(PROTECTION, PAGE_FAULT)),
            new Rule(
                    "QEMU takes reserved bits of CR8 (SDM vol. 2, MOV CR: #GP)",
                    s -> s.is("mov")
                            && s.mine.vector() == PROTECTION
                            && s.differences.stream().anyMatch(d -> d.startsWith("cr8:"))),
            new Rule(
                    "QEMU doesn't look whether an address is canonical where it is branched to, loaded or on the stack"
                            + " (SDM vol. 1, 3.3.7.1; vol. 2, JMP, LGDT, SYSRET)",
                    s -> s.c.isStrange && isOfAddress(s.mine)),
            new Rule(
                    "QEMU raises #GP for #SS where an address isn't canonical (SDM vol. 1, 3.3.7.1)",
                    s -> s.vectors(STACK_FAULT, PROTECTION) && s.differences.size() == 2),
            new Rule(
                    "QEMU reports a reserved bit of an entry without P (SDM vol. 3, 4.7: RSVD is set only with P)",
                    s -> s.vectors(PAGE_FAULT, PAGE_FAULT) && s.isSingle("world.*") && isReserved(s)),
            new Rule(
                    "QEMU loads SS with null where the IST gives the stack and the privilege stays (SDM vol. 2, INT n)",
                    s -> (s.mine.vector() == DOUBLE_FAULT || s.is("int")) && s.isAgreed() && s.isSingle("ss:.*")),
            new Rule(
                    "QEMU's SYSCALL loses the arithmetic flags (SDM vol. 2, SYSCALL: RFLAGS AND NOT IA32_FMASK)",
                    s -> s.is("syscall") && s.isAgreed() && s.only("(saved )?flags.*|ss:.*")),
            new Rule(
                    "QEMU's WRFSBASE takes 66 for 64 bits (SDM vol. 2, WRFSBASE: by REX.W alone)",
                    s -> s.is("wr[fg]sbase") && isNarrow(s.c)),
            new Rule("ports answer differently where nothing is attached", s -> s.is("ins?") && s.isAgreed()),
            new Rule(
                    "QEMU cuts a near branch with 66 to 16 bits in 64-bit mode, as AMD's processors do (SDM vol. 2,"
                            + " CALL, JMP, RET: 64 bits)",
                    s -> s.is("call|jmp|ret") && s.c.bits == 64 && isNarrow(s.c)),
            new Rule(
                    "QEMU takes RET's operand as signed (SDM vol. 2, RET)",
                    s -> s.is("retf?") && s.hasOperandOf(s.is("ret") ? 0xC2 : 0xCA) && s.lastByte() < 0),
            new Rule(
                    "QEMU doesn't look whether ENTER's final stack can be written (SDM vol. 2, ENTER: #PF)",
                    s -> s.is("enter") && s.mine.vector() == PAGE_FAULT),
            new Rule(
                    "QEMU pushes before it looks whether the gate's target is canonical (SDM vol. 2, INT n: #GP)",
                    s -> s.is("int") && s.lastByte() == 0x30),
            new Rule(
                    "QEMU uses the stack as the supervisor in far transfers at CPL 3 (SDM vol. 3, 4.6: SMAP)",
                    s -> s.is("int|call|retf|iret.?") && s.isKeptOut()),
            new Rule(
                    "QEMU's error code has the vector times 16 (SDM vol. 3, 6.13: the index of the gate)",
                    s -> s.is("int") && s.isAgreed() && s.isSingle("world.*")),
            new Rule(
                    "QEMU keeps reserved bits of CR0, DR6 and DR7 (SDM vol. 3, 2.5, 18.2.3 and 18.2.4)",
                    s -> s.is("mov") && s.isSingle("(cr0|dr[67]):.*")),
            new Rule(
                    "QEMU takes CR0.NW without CR0.CD (SDM vol. 2, MOV CR: #GP)",
                    s -> s.is("mov")
                            && s.mine.vector() == PROTECTION
                            && (s.their.field(CR0, 8) & 0x60000000L) == 0x20000000L),
            new Rule(
                    "QEMU looks at the privilege before the register's number (SDM vol. 2, MOV CR and MOV DR: #UD)",
                    s -> s.is("mov") && s.vectors(UNDEFINED, PROTECTION)),
            new Rule(
                    "QEMU keeps 16 bits of IA32_SYSENTER_CS (SDM vol. 2, SYSENTER: 32 are there)",
                    s -> s.is("wrmsr") && s.c.wide(1) == 0x174 && s.isSingle("rax:.*")),
            new Rule(
                    "QEMU ignores registers that it doesn't know, addresses that aren't canonical and reserved bits"
                            + " (SDM vol. 2, RDMSR, WRMSR: #GP)",
                    s -> s.is("rdmsr|wrmsr") && s.mine.vector() == PROTECTION && isRefusedValue(s.c, s.mnemonic)),
            new Rule(
                    "QEMU returns by SYSRET from compatibility mode too, or raises #GP (SDM vol. 2, SYSRET: #UD)",
                    s -> s.is("sysret.") && s.c.bits == 32 && s.mine.vector() == UNDEFINED),
            new Rule(
                    "QEMU's SYSEXIT to 32-bit code keeps RCX's upper half in RSP (SDM vol. 2, SYSEXIT)",
                    s -> s.is("sysexitd") && s.isAgreed()),
            new Rule(
                    "QEMU reads m16:32 with REX.W, as AMD's processors do (SDM vol. 2, LSS: m16:64)",
                    s -> s.is("l[sfg]s") && isWide(s.c)),
            new Rule(
                    "QEMU lets SS take a null selector with another RPL than CPL (SDM vol. 2, MOV, LSS: #GP)",
                    s -> s.is("lss|mov|pop")
                            && s.mine.vector() == PROTECTION
                            && (s.their.field(SELECTOR_OF_SS, 2) & ~3) == 0),
            new Rule(
                    "QEMU's ARPL writes its operand though RPL stays (SDM vol. 2, ARPL)",
                    s -> s.is("arpl") && s.their.vector() == PAGE_FAULT),
            new Rule("bits 16 to 19 of LAR's result are undefined (SDM vol. 2, LAR)", s -> s.is("lar") && isOfLimit(s)),
            new Rule(
                    "QEMU's LAR and LSL take types that IA-32e mode hasn't (SDM vol. 2, LAR and LSL: tables of types)",
                    s -> s.is("lar|lsl")
                            && (s.their.field(FLAGS, 8) & ZERO_FLAG) != 0
                            && (s.mine.field(FLAGS, 8) & ZERO_FLAG) == 0),
            new Rule(
                    "QEMU lets LTR load a null selector, LTR and LLDT a base that isn't canonical (SDM vol. 2: #GP)",
                    s -> s.is("ltr|lldt") && s.mine.vector() == PROTECTION && isBadTable(s)),
            new Rule(
                    "QEMU enters conforming code through a call gate with that code's DPL (SDM vol. 3, 5.8.4: CPL"
                            + " stays)",
                    s -> s.isSingle(".*emulator 00000043, other 00000040")),
            new Rule(
                    "QEMU lets IRET load code with L and D both set, and a null SS into compatibility mode (SDM vol. 2,"
                            + " IRET)",
                    s -> s.is("iret.?|retf") && s.mine.vector() == PROTECTION));

    private LongPermitted() {}

    /** Why the differences are permitted; empty where they aren't. */
    static String why(LongCase c, SystemOutcome mine, SystemOutcome their, List<String> differences) {
        Seen seen = new Seen(c, c.group.substring(c.group.lastIndexOf(' ') + 1), mine, their, differences);
        return RULES.stream()
                .filter(r -> r.applies.test(seen))
                .map(Rule::why)
                .findFirst()
                .orElse("");
    }

    private static boolean isOfAddress(SystemOutcome mine) {
        return mine.vector() == STACK_FAULT || mine.vector() == PROTECTION || mine.vector() == DOUBLE_FAULT;
    }

    /** Whether the error codes on the stack differ in P alone, where RSVD is set. */
    private static boolean isReserved(Seen s) {
        int at = (int) s.mine.field(LongPlace.SAVED_GPR + 8 * 4, 8) & 0xFF8;
        int own = s.mine.world(at);
        return (own & 8) != 0 && own == (s.their.world(at) | 1);
    }

    private static boolean isRefusedValue(LongCase c, String mnemonic) {
        int index = (int) c.wide(1);
        long value = c.wide(0) & 0xFFFFFFFFL | c.wide(2) << 32;
        boolean isAddress = value << 16 >> 16 == value;
        List<Integer> reserving = List.of(0x174, 0x277, 0xC0000080, 0xC0000084, 0xC0000103);
        return index == 0x12345678 || mnemonic.equals("wrmsr") && (!isAddress || reserving.contains(index));
    }

    private static boolean isBadTable(Seen s) {
        long selector = s.their.field(s.is("ltr") ? SELECTOR_OF_TR : SELECTOR_OF_LDT, 2) & ~3;
        return selector == 0 || selector == 0x110 || selector == 0x130;
    }

    private static boolean isOfLimit(Seen s) {
        long differing = 0;
        for (int r = 0; r < 16; r++) {
            int at = LongPlace.SAVED_GPR + 8 * r;
            differing |= s.mine.field(at, 8) ^ s.their.field(at, 8);
        }
        return (differing & ~0xF0000L) == 0 && s.isAgreed();
    }

    /** Whether REX.W stands before the opcode. */
    private static boolean isWide(LongCase c) {
        for (int n = 0; n + 1 < c.code.length; n++) {
            if (c.code[n + 1] == 0x0F) {
                return (c.code[n] & 0xF8) == 0x48;
            }
        }
        return false;
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
