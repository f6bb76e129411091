package dev.cloister.it.differential;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/** What 16- and 32-bit code adds to a case: segments with bases and limits, and offsets in them. Does nothing for 64-bit code. */
final class NarrowState {
    private static final int RSP = 4;
    private static final int RBP = 5;

    private final Random random;

    NarrowState(Random random) {
        this.random = random;
    }

    private boolean one(int in) {
        return random.nextInt(in) == 0;
    }

    private int pick(int... selectors) {
        return selectors[random.nextInt(selectors.length)];
    }

    /** Chooses all six segments. */
    void segments(TestCase c) {
        if (c.bits == 64) {
            return;
        }
        do {
            c.selectors[CpuState.CS] = code(c);
            // Entering code beyond its limit faults before the case begins.
        } while (c.rip() > Segments.of(c.selectors[CpuState.CS]).limit());
        c.selectors[CpuState.SS] = pick(Segments.STACK);
        for (int s : new int[] {CpuState.DS, CpuState.ES, CpuState.FS, CpuState.GS}) {
            c.selectors[s] = one(16) ? one(3) ? Layout.FLAT_CODE : 0 : pick(Segments.DATA);
        }
    }

    /** A code segment of the case's width. */
    int code(TestCase c) {
        return switch (c.bits) {
            case 64 -> Layout.USER_CODE;
            case 32 -> pick(Segments.CODE_32);
            default -> pick(Segments.CODE_16);
        };
    }

    /** The segment of the memory operand. */
    int segment(TestCase c, Instruction i) {
        if (i.segmentPrefix >= 0) {
            return i.segmentPrefix;
        }
        boolean stack = c.bits != 64 && i.hasModrm && (i.base == RSP || i.base == RBP);
        return stack ? CpuState.SS : CpuState.DS;
    }

    /** A stack pointer for a linear address. */
    long stack(TestCase c, long linear) {
        if (c.bits == 64) {
            return linear;
        }
        Segments.Segment ss = Segments.of(c.selectors[CpuState.SS]);
        long offset = linear - ss.base();
        if (one(16)) {
            offset = edge(ss, random.nextInt(12));
        }
        return offset;
    }

    /** An offset in a segment for a linear address; sometimes one near the limit, or near the end of 16-bit offsets. */
    long offset(TestCase c, int segment, long linear, int size) {
        if (c.bits == 64) {
            return linear;
        }
        Segments.Segment s = Segments.of(c.selectors[segment]);
        if (one(6)) {
            return edge(s, random.nextInt(Math.clamp(size, 1, 64) + 1));
        }
        return linear - s.base();
    }

    private long edge(Segments.Segment s, int before) {
        if (s.limit() == 0xFFFFFFFFL) {
            return 0x1_0000_0000L - 64 - before;
        }
        return one(4) ? 0x10000 - before : s.limit() + 1 - (s.isDown() ? before >> 1 : before);
    }

    /** Whether it is a jump or call to a far pointer. */
    boolean isFar(Instruction i) {
        boolean jump = i.form.mnemonic.equals("call") || i.form.mnemonic.equals("jmp");
        return jump
                && (i.kinds[0] == OperandKind.FAR_POINTER
                        || i.kinds[0] == OperandKind.MEMORY && (i.modrmReg() & 1) == 1);
    }

    /** Mostly to code. */
    void far(TestCase c, Instruction i, int codeOffset) {
        if (i.kinds[0] == OperandKind.FAR_POINTER) {
            int selector = target(c);
            long offset =
                    Layout.CODE_LINEAR + codeOffset - Segments.of(selector).base();
            for (int n = 0; n < i.operandSize; n++) {
                c.code[i.length - 2 - i.operandSize + n] = (byte) (offset >>> 8 * n);
            }
            c.code[i.length - 2] = (byte) selector;
            c.code[i.length - 1] = (byte) (selector >> 8);
            return;
        }
        MemorySegment patch = MemorySegment.ofArray(c.patch);
        for (int n = 0; n < Layout.PATCH_BYTES; n += 2) {
            int selector = target(c);
            long offset =
                    Layout.CODE_LINEAR + codeOffset - Segments.of(selector).base();
            int word = n / 2 % ((i.operandSize + 2) / 2);
            boolean last = word == i.operandSize / 2;
            patch.set(JAVA_SHORT_UNALIGNED, n, (short) (last ? selector : offset >>> 16 * word));
        }
    }

    private int target(TestCase c) {
        return one(3) ? Segments.any(random) : one(8) ? Layout.USER_CODE : one(2) ? pick(Segments.CODE_16) : code(c);
    }

    /** A return to a 16-bit stack, by which a case is entered, leaves the upper half of ESP as it was (what Linux's espfix is for). */
    static void settle(TestCase c) {
        if (c.bits != 64 && !Segments.of(c.selectors[CpuState.SS]).isBig()) {
            c.gpr[RSP] = c.gpr[RSP] & 0xFFFF | Layout.ALIAS + Layout.CONTROL & -0x10000L;
        }
    }

    /** Leaves of the registers what such code has. */
    void cut(TestCase c) {
        if (c.bits == 64) {
            return;
        }
        settle(c);
        for (int r = 0; r < 16; r++) {
            c.gpr[r] = r < 8 ? c.gpr[r] & 0xFFFFFFFFL : 0;
        }
        c.fsBase = 0;
        c.gsBase = 0;
    }
}
