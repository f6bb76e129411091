package dev.cloister.emulator.block;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.memory.TlbMemory;
import dev.cloister.mmu.FetchStamps;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One processor while blocks run on it: registers, memory, and the status flags in a form that costs little to write.
 *
 * <p><b>Lazy flags.</b> While {@link #flagTop} is not 0, the six status flags are not in RFLAGS but in three numbers: the result,
 * sign-extended ({@link #flagResult}: ZF, SF, PF); the carries out of each bit ({@link #flagCarry}: CF and OF at the operand's top, AF
 * at bit 3); and the operand's top bit. Whoever reads or writes RFLAGS by itself calls {@link #settle} first.
 */
final class BlockContext {
    private static final int JUMPS = 1 << 12;
    private static final int PAGE_SHIFT = 12;

    final CpuState state;
    final long[] gpr;
    final TlbMemory memory;
    /** What blocks' stamps mean. */
    final FetchStamps fetches;

    final Execution x;
    final Translator translator;
    private final BooleanSupplier kicked;

    long flagResult;
    long flagCarry;
    /** Bit of the operand's sign in {@link #flagCarry}, or 0 where RFLAGS is right as it stands. */
    long flagTop;

    /** The mode that blocks must have been decoded for. */
    BlockMode mode = BlockMode.NONE;
    /** Instructions that may still be executed. */
    long budget;
    /** Whether mode, privilege and translation must be looked at anew. */
    boolean resync = true;
    /** How the last block ended: anything but COMPLETED only where it handed control back. */
    StepResult result = StepResult.COMPLETED;
    /** The exception or refusal that ended a block. */
    @Nullable
    Throwable failure;
    /** The block that wants to be linked with the next one found, and by which of its two ends. */
    @Nullable
    Block linking;

    boolean linkingTaken;

    private long canonicalBias = 1L << 47;
    private long canonicalSpan = 1L << 48;
    private final @Nullable Block[] jumps = new Block[JUMPS];

    BlockContext(Execution x, TlbMemory memory, Translator translator, BooleanSupplier kicked) {
        this.translator = translator;
        this.kicked = kicked;
        this.x = x;
        this.memory = memory;
        fetches = memory.fetchStamps();
        state = x.state;
        gpr = state.gprs();
    }

    /** Whether a run of blocks must end here: others wrote what concerns this processor, or it is asked to return. */
    boolean needsAttention() {
        return memory.isBehind() || kicked.getAsBoolean();
    }

    /** Follows CR4.LA57. */
    void setLinearBits(int bits) {
        canonicalBias = 1L << bits - 1;
        canonicalSpan = bits == 64 ? 0 : 1L << bits;
    }

    // ---- flags

    /** Puts the status flags into RFLAGS. */
    void settle() {
        if (flagTop != 0) {
            state.setRflags(state.rflags() & ~Flags.STATUS | status());
            flagTop = 0;
        }
    }

    private long status() {
        long flags = (flagCarry & 8) << 1;
        flags |= LazyFlags.carry(flagCarry, flagTop) ? Flags.CF : 0;
        flags |= LazyFlags.overflow(flagCarry, flagTop) ? Flags.OF : 0;
        flags |= LazyFlags.parity(flagResult) ? Flags.PF : 0;
        flags |= flagResult == 0 ? Flags.ZF : 0;
        return flagResult < 0 ? flags | Flags.SF : flags;
    }

    /** CF. */
    boolean carry() {
        return LazyFlags.carry(this, flagCarry, flagTop);
    }

    /** CF as a number. */
    long carryIn() {
        return carry() ? 1 : 0;
    }

    /** Whether a condition of Jcc, SETcc and CMOVcc holds; callers give a constant. */
    boolean holds(int condition) {
        return LazyFlags.holds(this, condition, flagResult, flagCarry, flagTop);
    }

    /** Sets all six flags. */
    void setFlags(long result, long carries, int size) {
        flagResult = Shape.signExtend(result, size);
        flagCarry = carries;
        flagTop = 1L << 8 * size - 1;
    }

    /** Sets all six flags where CF and OF follow no carry chain; AF becomes 0. */
    void setFlags(long result, boolean carry, boolean overflow, int size) {
        setFlags(result, LazyFlags.carries(carry, overflow, size), size);
    }

    /** Sets CF and OF and leaves the others. */
    void setCarryAndOverflow(boolean carry, boolean overflow) {
        flagCarry = LazyFlags.withCarryAndOverflow(this, carry, overflow, flagCarry, flagTop);
    }

    // ---- addresses

    /** Refuses an address of 64-bit mode that isn't canonical in its whole length. */
    long canonical(long linear, int size, int segment) {
        if (Long.compareUnsigned(linear + canonicalBias, canonicalSpan - size) > 0) {
            throw segmentFault(segment);
        }
        return linear;
    }

    boolean isCanonical(long linear) {
        return Long.compareUnsigned(linear + canonicalBias, canonicalSpan - 1) <= 0;
    }

    /** Refuses an offset whose access runs past 4 GiB. */
    long within4GiB(long offset, int size, int segment) {
        if (size > 1 && offset > 0x1_0000_0000L - size) {
            throw segmentFault(segment);
        }
        return offset;
    }

    long segmentBase(int segment) {
        return state.segment(segment).base();
    }

    long segmented(int segment, long offset, int size, int access) {
        return x.segmentation.linear(segment, offset, size, access);
    }

    private CpuException segmentFault(int segment) {
        return x.fault(segment == CpuState.SS ? CpuException.SS : CpuException.GP);
    }

    // ---- memory

    /** Reads; callers give a constant size. */
    long load(long linear, int size) {
        return switch (size) {
            case 1 -> memory.load8(linear);
            case 2 -> memory.load16(linear);
            case 4 -> memory.load32(linear);
            default -> memory.load64(linear);
        };
    }

    /** Writes; callers give a constant size. */
    void store(long linear, int size, long value) {
        switch (size) {
            case 1 -> memory.store8(linear, value);
            case 2 -> memory.store16(linear, value);
            case 4 -> memory.store32(linear, value);
            default -> memory.store64(linear, value);
        }
    }

    /** Reads what will be written: a page fault is that of a write. */
    long loadForWrite(long linear, int size) {
        try {
            return load(linear, size);
        } catch (CpuException e) {
            int user = x.cpl == 3 ? LinearMemory.USER : 0;
            return memory.read(linear, size, LinearMemory.WRITE | user);
        }
    }

    // ---- registers

    /** Reads a register operand, zero-extended; callers give a constant place and size. */
    long register(int place, int index, int size) {
        return place == Shape.HIGH ? gpr[index] >>> 8 & 0xFF : gpr[index] & Shape.mask(size);
    }

    /** Writes a register operand with a value that is already cut to its size. */
    void setRegister(int place, int index, int size, long value) {
        if (place == Shape.HIGH) {
            gpr[index] = gpr[index] & ~0xFF00L | value << 8;
        } else if (size >= 4) {
            gpr[index] = value;
        } else {
            gpr[index] = gpr[index] & ~Shape.mask(size) | value;
        }
    }

    // ---- control flow

    private static int slot(long rip) {
        return (int) (rip ^ rip >>> PAGE_SHIFT) & JUMPS - 1;
    }

    /** The block at an offset in CS that was computed, or null with RIP set. */
    @Nullable
    Block jump(long rip) {
        Block block = jumps[slot(rip)];
        if (block != null && block.rip == rip && fetches.isGood(block.stamp) && block.mode == mode) {
            return block;
        }
        state.setRip(rip);
        return null;
    }

    void remember(Block block) {
        jumps[slot(block.rip)] = block;
    }

    /** Leaves by an end that isn't linked yet. */
    @Nullable
    Block unlinked(Block from, boolean taken) {
        long rip = taken ? from.takenRip : from.nextRip;
        Block known = jump(rip);
        if (known != null) {
            from.link(taken, known);
            return known;
        }
        linking = from;
        linkingTaken = taken;
        return null;
    }
}
