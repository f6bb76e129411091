package dev.cloister.emulator.block;

import static dev.cloister.emulator.block.BlockCode.BLOCK;
import static dev.cloister.emulator.block.BlockCode.C;
import static dev.cloister.emulator.block.BlockCode.CONTEXT;
import static dev.cloister.emulator.block.BlockCode.COUNT;
import static dev.cloister.emulator.block.BlockCode.SELF;
import static java.lang.constant.ConstantDescs.CD_boolean;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.cloister.emulator.cpu.CpuState;
import java.lang.classfile.Label;
import java.lang.constant.MethodTypeDesc;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes a block's method: one operation behind the other, and the ways out. A block that branches to its own beginning goes round in
 * place, as long as nothing needs attention.
 */
final class BlockWriter {
    private static final MethodTypeDesc EXECUTE = MethodTypeDesc.of(CD_void, CONTEXT);
    private static final MethodTypeDesc LEAVE = MethodTypeDesc.of(BLOCK, CONTEXT, BLOCK);
    private static final MethodTypeDesc FOLLOW = MethodTypeDesc.of(BLOCK, CONTEXT, CD_boolean);
    private static final MethodTypeDesc NEXT = MethodTypeDesc.of(BLOCK, CONTEXT);
    private static final MethodTypeDesc AGAIN = MethodTypeDesc.of(CD_boolean, CONTEXT);
    private static final MethodTypeDesc JUMP = MethodTypeDesc.of(BLOCK, CD_long);
    private static final Set<Class<? extends Op>> KNOWN = Set.of(
            AluOp.class,
            MoveOp.class,
            ShiftOp.class,
            ConditionOp.class,
            UnaryOp.class,
            MultiplyOp.class,
            StackOp.class);

    private final BlockCode code;
    private final Block block;
    private final Op[] ops;
    private final Arithmetic arithmetic;
    private final StackCode stack;

    /** The block's operations, its end last. */
    BlockWriter(BlockCode code, Block block, Op[] ops) {
        this.code = code;
        this.block = block;
        this.ops = ops;
        arithmetic = new Arithmetic(code);
        stack = new StackCode(code, block);
    }

    /** Whether an operation has bytecode of its own. */
    private static boolean isKnown(Op o) {
        if (o.template == null) {
            return o == NothingOp.OP || o == BranchOp.JUMP || o == BranchOp.NONE;
        }
        return KNOWN.contains(o.template) && !(o.template == StackOp.class && Shape.stack(o.shape) == Shape.CHECKED);
    }

    void write() {
        int registers = 0;
        boolean loops = true;
        for (Op o : ops) {
            registers |= isKnown(o) ? registers(o) : 0;
            loops &= isKnown(o);
        }
        code.begin(registers);
        Label top = code.code.newBoundLabel();
        int last = ops.length - 1;
        for (int n = 0; n < last; n++) {
            inside(n);
        }
        end(last, loops && block.takenRip == block.rip ? top : null);
    }

    private void inside(int n) {
        Op o = ops[n];
        if (!isKnown(o)) {
            code.at(n);
            code.operation(n, EXECUTE, "execute");
            code.resume();
            code.leaveIfKilled(n);
        } else if (o != NothingOp.OP) {
            code.at(n);
            plain(o);
            if (stores(o)) {
                code.leaveIfKilled(n);
            }
        }
    }

    private void plain(Op o) {
        if (o.template == AluOp.class) {
            arithmetic.alu(o);
        } else if (o.template == MoveOp.class) {
            arithmetic.move(o);
        } else if (o.template == ShiftOp.class) {
            arithmetic.shift(o);
        } else if (o.template == ConditionOp.class) {
            arithmetic.condition(o);
        } else if (o.template == UnaryOp.class) {
            arithmetic.unary(o);
        } else if (o.template == MultiplyOp.class) {
            arithmetic.multiply(o);
        } else {
            stack.plain(o);
        }
    }

    /** Whether it may write memory. */
    private static boolean stores(Op o) {
        if (o.template == StackOp.class) {
            return Shape.kind(o.shape) == StackOp.PUSH;
        }
        return o.template != MultiplyOp.class && Shape.dst(o.shape) == Shape.MEMORY;
    }

    /** The registers that an operation uses, or some more. */
    private static int registers(Op o) {
        int p = o.shape;
        int mask = 0;
        mask |= (p & Shape.BASE) != 0 ? 1 << o.base : 0;
        mask |= (p & Shape.INDEX) != 0 ? 1 << o.index : 0;
        mask |= Shape.dst(p) <= Shape.HIGH ? 1 << o.dst : 0;
        mask |= Shape.src(p) <= Shape.HIGH ? 1 << o.src : 0;
        if (o.template == ShiftOp.class) {
            mask |= 1 << CpuState.RCX;
        } else if (o.template == UnaryOp.class) {
            mask |= 1 << CpuState.RAX | 1 << CpuState.RDX;
        } else if (o.template == StackOp.class) {
            mask |= 1 << CpuState.RSP | 1 << CpuState.RBP;
        }
        return mask;
    }

    private void end(int n, @Nullable Label top) {
        Op o = ops[n];
        code.at(n);
        if (!isKnown(o)) {
            code.operation(n, LEAVE, "leave");
            code.code.areturn();
            code.end(false);
            return;
        }
        if (o.template == AluOp.class || o.template == ConditionOp.class) {
            if (o.template == AluOp.class) {
                arithmetic.alu(o);
            }
            code.condition(Shape.condition(o.shape));
            code.code.istore(COUNT);
            again(top, true);
            code.settle();
            code.code.aload(SELF).aload(C).iload(COUNT).invokevirtual(BLOCK, "follow", FOLLOW);
        } else if (o.template == StackOp.class) {
            boolean calls = Shape.kind(o.shape) == StackOp.CALL;
            stack.end(o);
            code.settle();
            if (calls) {
                code.code.aload(SELF).aload(C).invokevirtual(BLOCK, "taken", NEXT);
            } else {
                code.code.aload(C).lload(BlockCode.R).invokevirtual(CONTEXT, "jump", JUMP);
            }
        } else {
            again(o == BranchOp.JUMP ? top : null, false);
            code.settle();
            code.code.aload(SELF).aload(C).invokevirtual(BLOCK, o == BranchOp.JUMP ? "taken" : "next", NEXT);
        }
        code.code.areturn();
        code.end(true);
    }

    /** Goes round in place. */
    private void again(@Nullable Label top, boolean conditional) {
        if (top == null) {
            return;
        }
        Label out = code.code.newLabel();
        if (conditional) {
            code.code.iload(COUNT).ifeq(out);
        }
        code.code.aload(SELF).aload(C).invokevirtual(BLOCK, "again", AGAIN).ifne(top);
        code.code.labelBinding(out);
    }
}
