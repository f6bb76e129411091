package dev.cloister.emulator.block;

import dev.cloister.emulator.cpu.CpuMode;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.SegmentRegister;

/**
 * All that decoding depends on besides the bytes: mode, privilege, the stack's width, the code segment's limit, and whether the data
 * segments are flat. Interned by {@link BlockModes}, so that equality is identity.
 */
final class BlockMode {
    static final BlockMode NONE = new BlockMode(CpuMode.REAL, 0, -1L);

    private static final long FLAT = 1L << 4;
    private static final long BIG_STACK = 1L << 5;
    private static final long USER = 1L << 6;
    private static final int LIMIT_SHIFT = 32;

    final long key;
    final CpuMode mode;
    final int bits;
    final boolean long64;
    final boolean descriptors;
    /** DS, ES and SS have base 0 and reach 4 GiB; always in 64-bit mode. */
    final boolean flat;

    final int stackWidth;
    final boolean user;
    /** The highest offset in CS. */
    final long codeLimit;

    BlockMode(CpuMode mode, long facts, long key) {
        this.key = key;
        this.mode = mode;
        bits = mode.bits();
        long64 = mode == CpuMode.LONG_64;
        descriptors = mode.usesDescriptors();
        flat = (facts & FLAT) != 0;
        stackWidth = long64 ? 8 : (facts & BIG_STACK) != 0 ? 4 : 2;
        user = (facts & USER) != 0;
        codeLimit = long64 ? -1L : facts >>> LIMIT_SHIFT;
    }

    /** The number that tells modes apart. */
    static long key(CpuState state, CpuMode mode, int cpl) {
        long key = mode.ordinal() | (cpl == 3 ? USER : 0);
        if (mode == CpuMode.LONG_64) {
            return key | FLAT;
        }
        SegmentRegister stack = state.segment(CpuState.SS);
        boolean flat = mode.usesDescriptors()
                && isFlat(stack)
                && isFlat(state.segment(CpuState.DS))
                && isFlat(state.segment(CpuState.ES));
        long limit = state.segment(CpuState.CS).limit() & 0xFFFFFFFFL;
        return key
                | (flat ? FLAT : 0)
                | (stack.has(SegmentRegister.DEFAULT_BIG) ? BIG_STACK : 0)
                | limit << LIMIT_SHIFT;
    }

    private static boolean isFlat(SegmentRegister s) {
        int mask = SegmentRegister.PRESENT
                | SegmentRegister.NON_SYSTEM
                | SegmentRegister.CODE
                | SegmentRegister.CONFORMING
                | SegmentRegister.WRITABLE
                | SegmentRegister.UNUSABLE;
        int wanted = SegmentRegister.PRESENT | SegmentRegister.NON_SYSTEM | SegmentRegister.WRITABLE;
        return s.base() == 0 && s.limit() == -1 && (s.attributes() & mask) == wanted;
    }

    /** Cuts an offset in CS to what RIP holds in this mode; 16-bit code that runs off its segment doesn't wrap. */
    long cutRip(long rip) {
        return long64 ? rip : rip & 0xFFFFFFFFL;
    }
}
