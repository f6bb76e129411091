package dev.cloister.emulator.block;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.LinearMemory;
import java.lang.invoke.MethodHandles;
import org.jspecify.annotations.Nullable;

/** Template: PUSH, POP to a register, LEAVE, near CALL and RET, and indirect near JMP. */
final class StackOp extends Op {
    static final int PUSH = 0;
    static final int POP = 1;
    static final int LEAVE = 2;
    static final int CALL = 3;
    static final int CALL_INDIRECT = 4;
    static final int RET = 5;
    static final int JMP_INDIRECT = 6;

    private static final int P = Templates.shape(MethodHandles.lookup());
    private static final int KIND = Shape.kind(P);
    private static final int SIZE = Shape.size(P);
    private static final int SRC = Shape.src(P);
    private static final int STACK = Shape.stack(P);
    private static final int SP = CpuState.RSP;

    StackOp(Operands o) {
        super(o);
    }

    @Override
    Op make(Operands o) {
        return new StackOp(o);
    }

    @Override
    void execute(BlockContext c) {
        switch (KIND) {
            case PUSH -> push(c, source(c));
            case POP -> {
                long value = pop(c, c.gpr[SP]);
                drop(c, c.gpr[SP], SIZE);
                c.setRegister(Shape.REGISTER, dst, SIZE, value);
            }
            default -> {
                long frame = c.gpr[CpuState.RBP];
                long value = pop(c, frame);
                drop(c, frame, SIZE);
                c.setRegister(Shape.REGISTER, CpuState.RBP, SIZE, value);
            }
        }
    }

    @Override
    @Nullable
    Block leave(BlockContext c, Block from) {
        return switch (KIND) {
            case CALL -> {
                push(c, from.nextRip & Shape.mask(SIZE));
                yield from.taken(c);
            }
            case RET -> {
                long target = checked(c, from, pop(c, c.gpr[SP]), STACK);
                drop(c, c.gpr[SP], SIZE + immediate);
                yield c.jump(target);
            }
            case CALL_INDIRECT -> c.jump(called(c, from, source(c)));
            default -> c.jump(checked(c, from, source(c), STACK));
        };
    }

    private long source(BlockContext c) {
        return switch (SRC) {
            case Shape.IMMEDIATE -> immediate;
            case Shape.MEMORY -> c.load(linear(c, P, SIZE, 0), SIZE);
            default -> c.register(SRC, src, SIZE);
        };
    }

    /** Pushes the return address for a call; in 64-bit mode processors have stored it when they look at the target. */
    private static long called(BlockContext c, Block from, long target) {
        long back = from.nextRip & Shape.mask(SIZE);
        if (STACK == Shape.FLAT_64) {
            long top = c.gpr[SP] - SIZE;
            c.store(c.canonical(top, SIZE, CpuState.SS), SIZE, back);
            checked(c, from, target, STACK);
            c.gpr[SP] = top;
        } else {
            checked(c, from, target, STACK);
            push(c, back);
        }
        return target;
    }

    /** Refuses the target of a branch that lies outside the code. */
    static long checked(BlockContext c, Block from, long target, int stack) {
        boolean good = stack == Shape.FLAT_64 ? c.isCanonical(target) : target <= from.mode.codeLimit;
        if (!good) {
            throw c.x.fault(CpuException.GP);
        }
        return target;
    }

    private static void push(BlockContext c, long value) {
        long top = c.gpr[SP] - SIZE;
        switch (STACK) {
            case Shape.FLAT_64 -> {
                c.store(c.canonical(top, SIZE, CpuState.SS), SIZE, value);
                c.gpr[SP] = top;
            }
            case Shape.FLAT_32 -> {
                long low = top & 0xFFFFFFFFL;
                c.store(c.within4GiB(low, SIZE, CpuState.SS), SIZE, value);
                c.gpr[SP] = low;
            }
            default -> {
                int width = c.mode.stackWidth;
                long low = top & Shape.mask(width);
                c.store(c.segmented(CpuState.SS, low, SIZE, LinearMemory.WRITE), SIZE, value);
                c.x.setRegister(SP, width, low);
            }
        }
    }

    private static long pop(BlockContext c, long sp) {
        return switch (STACK) {
            case Shape.FLAT_64 -> c.load(c.canonical(sp, SIZE, CpuState.SS), SIZE);
            case Shape.FLAT_32 -> c.load(c.within4GiB(sp & 0xFFFFFFFFL, SIZE, CpuState.SS), SIZE);
            default -> c.load(c.segmented(CpuState.SS, sp & Shape.mask(c.mode.stackWidth), SIZE, 0), SIZE);
        };
    }

    private static void drop(BlockContext c, long sp, long bytes) {
        switch (STACK) {
            case Shape.FLAT_64 -> c.gpr[SP] = sp + bytes;
            case Shape.FLAT_32 -> c.gpr[SP] = sp + bytes & 0xFFFFFFFFL;
            default -> c.x.setRegister(SP, c.mode.stackWidth, sp + bytes);
        }
    }
}
