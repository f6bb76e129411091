package dev.cloister.emulator.block;

import static dev.cloister.emulator.block.BlockCode.A;
import static dev.cloister.emulator.block.BlockCode.ADDRESS;
import static dev.cloister.emulator.block.BlockCode.B;
import static dev.cloister.emulator.block.BlockCode.C;
import static dev.cloister.emulator.block.BlockCode.R;
import static dev.cloister.emulator.block.BlockCode.SELF;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;

import dev.cloister.emulator.cpu.CpuState;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/** Bytecode for the stack and for near branches: what {@link StackOp} does on a flat stack, in its order. */
final class StackCode {
    private static final ClassDesc STACK = StackOp.class.describeConstable().orElseThrow();
    private static final MethodTypeDesc CHECKED =
            MethodTypeDesc.of(CD_long, BlockCode.CONTEXT, BlockCode.BLOCK, CD_long, CD_int);
    private static final long LOW_32 = 0xFFFFFFFFL;

    private final BlockCode code;
    private final CodeBuilder m;
    private final Block block;

    StackCode(BlockCode code, Block block) {
        this.code = code;
        this.block = block;
        m = code.code;
    }

    /** PUSH, POP, LEAVE. */
    void plain(Op o) {
        int p = o.shape;
        int size = Shape.size(p);
        switch (Shape.kind(p)) {
            case StackOp.PUSH -> {
                source(o, size);
                m.lstore(A);
                push(p, size);
            }
            case StackOp.POP -> {
                pop(p, size, CpuState.RSP);
                drop(p, CpuState.RSP, size);
                code.setRegister(Shape.REGISTER, o.dst, size, A);
            }
            default -> {
                pop(p, size, CpuState.RBP);
                drop(p, CpuState.RBP, size);
                code.setRegister(Shape.REGISTER, CpuState.RBP, size, A);
            }
        }
    }

    /** CALL, RET, indirect CALL and JMP; leaves the target of all but CALL in {@link BlockCode#R}. */
    void end(Op o) {
        int p = o.shape;
        int size = Shape.size(p);
        switch (Shape.kind(p)) {
            case StackOp.CALL -> pushReturn(p, size);
            case StackOp.RET -> {
                pop(p, size, CpuState.RSP);
                target(p);
                drop(p, CpuState.RSP, size + o.immediate);
            }
            case StackOp.CALL_INDIRECT -> {
                source(o, size);
                m.lstore(R);
                call(p, size);
            }
            default -> {
                source(o, size);
                m.lstore(A);
                target(p);
            }
        }
    }

    /** Pushes the return address; in 64-bit mode it is stored before the target, in R, is looked at. */
    private void call(int p, int size) {
        boolean late = Shape.stack(p) == Shape.FLAT_64;
        if (!late) {
            m.lload(R).lstore(A);
            target(p);
        }
        m.loadConstant(block.nextRip & Shape.mask(size)).lstore(A);
        storeBelow(p, size);
        if (late) {
            m.lload(R).lstore(A);
            target(p);
        }
        m.lload(B);
        code.setRegister(CpuState.RSP);
    }

    private void pushReturn(int p, int size) {
        m.loadConstant(block.nextRip & Shape.mask(size)).lstore(A);
        push(p, size);
    }

    private void target(int p) {
        m.aload(C).aload(SELF).lload(A).loadConstant(Shape.stack(p));
        m.invokestatic(STACK, "checked", CHECKED).lstore(R);
    }

    private void source(Op o, int size) {
        switch (Shape.src(o.shape)) {
            case Shape.IMMEDIATE -> m.loadConstant(o.immediate);
            case Shape.MEMORY -> {
                code.linear(o, size, 0);
                code.load(size);
            }
            default -> code.register(Shape.src(o.shape), o.src, size);
        }
    }

    private void cut(int p) {
        if (Shape.stack(p) == Shape.FLAT_32) {
            m.loadConstant(LOW_32).land();
        }
    }

    /** Writes A below the stack pointer, and moves that. */
    private void push(int p, int size) {
        storeBelow(p, size);
        m.lload(B);
        code.setRegister(CpuState.RSP);
    }

    /** Writes A below the stack pointer, and leaves in B where that is. */
    private void storeBelow(int p, int size) {
        code.register(CpuState.RSP);
        m.loadConstant((long) size).lsub();
        cut(p);
        m.lstore(B);
        m.aload(C).lload(B);
        code.check(Shape.stack(p), size, CpuState.SS);
        m.lstore(ADDRESS);
        code.store(size, A);
    }

    /** Reads into A where a register points. */
    private void pop(int p, int size, int register) {
        m.aload(C);
        code.register(register);
        cut(p);
        code.check(Shape.stack(p), size, CpuState.SS);
        m.lstore(ADDRESS);
        code.load(size);
        m.lstore(A);
    }

    /** Sets the stack pointer to a register and some more. */
    private void drop(int p, int register, long bytes) {
        code.register(register);
        m.loadConstant(bytes).ladd();
        cut(p);
        code.setRegister(CpuState.RSP);
    }
}
