package dev.cloister.emulator.block;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.cpu.StepResult;
import dev.cloister.emulator.execute.StringOps;
import java.lang.invoke.MethodHandles;
import org.jspecify.annotations.Nullable;

/**
 * Template: MOVS, STOS, LODS, CMPS and SCAS; without a prefix inside a block, repeated as its end. Repetitions upwards in memory that
 * both sides may access directly are done page by page ({@link StringBulk}), all others one by one. {@code displacement} is the
 * offset in CS, to which a repetition returns that isn't finished at its bound.
 */
final class StringOp extends Op {
    static final int MOVS = 0;
    static final int STOS = 1;
    static final int LODS = 2;
    static final int CMPS = 3;
    static final int SCAS = 4;

    /** Conditions of the shape: not repeated, REP or REPE, REPNE. */
    static final int ONCE = 0;

    static final int REPEAT = 1;
    static final int REPEAT_UNEQUAL = 2;

    private static final int P = Templates.shape(MethodHandles.lookup());
    private static final int KIND = Shape.kind(P);
    private static final int SIZE = Shape.size(P);
    private static final boolean COMPARES = KIND == CMPS || KIND == SCAS;
    private static final boolean UNEQUAL = Shape.condition(P) == REPEAT_UNEQUAL;
    private static final boolean SOURCE = KIND == MOVS || KIND == LODS || KIND == CMPS;
    private static final boolean DESTINATION = KIND != LODS;
    private static final int SOURCE_FORM = Shape.segmentation(P);
    private static final int DESTINATION_FORM = Shape.stack(P);
    private static final int WRITE = COMPARES ? 0 : LinearMemory.WRITE;

    StringOp(Operands o) {
        super(o);
    }

    @Override
    Op make(Operands o) {
        return new StringOp(o);
    }

    @Override
    void execute(BlockContext c) {
        // Comparisons read the destination first: seen where both fault.
        long other = COMPARES ? c.load(destination(c, 0), SIZE) : 0;
        long source = SOURCE ? c.load(source(c, 0), SIZE) : c.gpr[CpuState.RAX] & Shape.mask(SIZE);
        if (KIND == LODS) {
            c.setRegister(Shape.REGISTER, CpuState.RAX, SIZE, source);
        } else if (!COMPARES) {
            c.store(destination(c, 0), SIZE, source);
        }
        advance(c, c.state.flag(Flags.DF) ? -SIZE : SIZE);
        if (COMPARES) {
            compare(c, source, other);
        }
    }

    private static void compare(BlockContext c, long a, long b) {
        long r = a - b & Shape.mask(SIZE);
        c.setFlags(r, ~a & b | (~a | b) & r, SIZE);
    }

    private void advance(BlockContext c, long step) {
        if (SOURCE) {
            move(c, CpuState.RSI, step);
        }
        if (DESTINATION) {
            move(c, CpuState.RDI, step);
        }
    }

    /** Adds to a register in the address size. */
    private static void move(BlockContext c, int register, long step) {
        long next = Shape.cut(P, c.gpr[register] + step);
        c.gpr[register] = Shape.cut(P, -1L) == 0xFFFF ? c.gpr[register] & ~0xFFFFL | next : next;
    }

    private long source(BlockContext c, long ahead) {
        return address(c, SOURCE_FORM, segment, Shape.cut(P, c.gpr[CpuState.RSI] + ahead), 0);
    }

    private static long destination(BlockContext c, long ahead) {
        return address(c, DESTINATION_FORM, CpuState.ES, Shape.cut(P, c.gpr[CpuState.RDI] + ahead), WRITE);
    }

    private static long address(BlockContext c, int form, int segment, long offset, int access) {
        return switch (form) {
            case Shape.FLAT_64 -> c.canonical(offset, SIZE, segment);
            case Shape.FLAT_32 -> c.within4GiB(offset, SIZE, segment);
            case Shape.BASED -> c.canonical(offset + c.segmentBase(segment), SIZE, segment);
            default -> c.segmented(segment, offset, SIZE, access);
        };
    }

    @Override
    @Nullable
    Block leave(BlockContext c, Block from) {
        long count = Shape.cut(P, c.gpr[CpuState.RCX]);
        if (count == 0) {
            move(c, CpuState.RCX, 0);
            return from.next(c);
        }
        return COMPARES ? search(c, from, count) : transfer(c, from, count);
    }

    private @Nullable Block transfer(BlockContext c, Block from, long count) {
        long left = Math.min(count, StringOps.BOUND);
        boolean more = count > StringOps.BOUND;
        while (left > 0) {
            long done = bulk(c, left);
            if (done == 0) {
                execute(c);
                done = 1;
            } else {
                advance(c, done * SIZE);
            }
            move(c, CpuState.RCX, -done);
            left -= done;
        }
        return more ? again(c) : from.next(c);
    }

    /** Comparisons set the flags at the end: a fault leaves those from before the instruction (SDM vol. 2, REP). */
    private @Nullable Block search(BlockContext c, Block from, long count) {
        long left = Math.min(count, StringOps.BOUND);
        boolean more = count > StringOps.BOUND;
        long a = c.gpr[CpuState.RAX] & Shape.mask(SIZE);
        long b = 0;
        boolean stopped = false;
        while (left > 0 && !stopped) {
            long skipped = left > 1 ? bulk(c, left - 1) : 0;
            if (skipped > 0) {
                advance(c, skipped * SIZE);
                move(c, CpuState.RCX, -skipped);
                left -= skipped;
            }
            b = c.load(destination(c, 0), SIZE);
            if (KIND == CMPS) {
                a = c.load(source(c, 0), SIZE);
            }
            advance(c, c.state.flag(Flags.DF) ? -SIZE : SIZE);
            move(c, CpuState.RCX, -1);
            left--;
            stopped = a == b == UNEQUAL;
        }
        compare(c, a, b);
        return more && !stopped ? again(c) : from.next(c);
    }

    private @Nullable Block again(BlockContext c) {
        c.state.setRip(displacement);
        c.state.setRflags(c.state.rflags() | Flags.RF);
        c.result = StepResult.REPEATING;
        return null;
    }

    /** Does at most so many repetitions in one page without moving the registers; for comparisons, those that go on. */
    private long bulk(BlockContext c, long most) {
        if (KIND == LODS || c.state.flag(Flags.DF)) {
            return 0;
        }
        try {
            long from = SOURCE ? source(c, 0) : 0;
            long to = destination(c, 0);
            long count = Math.min(most, room(to, c.gpr[CpuState.RDI]));
            if (SOURCE) {
                count = Math.min(count, room(from, c.gpr[CpuState.RSI]));
            }
            if (count < 2) {
                return 0;
            }
            if (SOURCE && SOURCE_FORM == Shape.CHECKED) {
                source(c, (count - 1) * SIZE);
            }
            if (DESTINATION_FORM == Shape.CHECKED) {
                destination(c, (count - 1) * SIZE);
            }
            return StringBulk.run(c, KIND, SIZE, UNEQUAL, from, to, count);
        } catch (CpuException e) {
            // One by one the exception comes where it belongs.
            return 0;
        }
    }

    /** How many elements lie before the end of the page, and before the offset wraps around. */
    private static long room(long linear, long offset) {
        long page = (4096 - (linear & 4095)) / SIZE;
        long top = Shape.cut(P, -1L);
        return top == -1L ? page : Math.min(page, (top + 1 - Shape.cut(P, offset)) / SIZE);
    }
}
