package dev.cloister.emulator.block;

import static dev.cloister.emulator.block.BlockCode.A;
import static dev.cloister.emulator.block.BlockCode.B;
import static dev.cloister.emulator.block.BlockCode.C;
import static dev.cloister.emulator.block.BlockCode.CONTEXT;
import static dev.cloister.emulator.block.BlockCode.COUNT;
import static dev.cloister.emulator.block.BlockCode.FLAGS;
import static dev.cloister.emulator.block.BlockCode.R;
import static java.lang.constant.ConstantDescs.CD_boolean;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.LinearMemory;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.MethodTypeDesc;

/**
 * Bytecode for arithmetic and moves: what {@link AluOp}, {@link MoveOp}, {@link ShiftOp}, {@link ConditionOp}, {@link UnaryOp} and {@link
 * MultiplyOp} do, in their order. No register or flag is changed before the last access that may fault.
 */
final class Arithmetic {
    private static final MethodTypeDesc CARRIES = MethodTypeDesc.of(CD_long, CD_long, CD_long, CD_long);
    private static final MethodTypeDesc KEEP_CARRY = MethodTypeDesc.of(CD_long, CD_long, CD_boolean, CD_int);
    private static final MethodTypeDesc OF_TWO = MethodTypeDesc.of(CD_long, CD_boolean, CD_boolean, CD_int);
    private static final MethodTypeDesc OVERFLOWS = MethodTypeDesc.of(CD_boolean, CD_long, CD_long, CD_int);
    private static final MethodTypeDesc PRODUCT = MethodTypeDesc.of(CD_long, CD_long, CD_int);
    private static final MethodTypeDesc SHIFTED = MethodTypeDesc.of(CD_long, CD_int, CD_int, CD_long, CD_int);
    private static final MethodTypeDesc SHIFT_CARRIES =
            MethodTypeDesc.of(CD_long, CD_int, CD_int, CD_long, CD_int, CD_long);
    private static final MethodTypeDesc ROTATE_CARRIES =
            MethodTypeDesc.of(CD_long, CONTEXT, CD_int, CD_int, CD_long, CD_long, CD_long);
    private static final MethodTypeDesc REVERSE = MethodTypeDesc.of(CD_long, CD_long);
    private static final int SIGN_SHIFT = 63;

    private final BlockCode code;
    private final CodeBuilder m;

    Arithmetic(BlockCode code) {
        this.code = code;
        m = code.code;
    }

    // ---- AluOp

    void alu(Op o) {
        int p = o.shape;
        int size = Shape.size(p);
        int kind = Shape.kind(p);
        boolean writes = kind != AluOp.CMP && kind != AluOp.TEST;
        boolean toMemory = Shape.dst(p) == Shape.MEMORY;
        if (toMemory || Shape.src(p) == Shape.MEMORY) {
            code.linear(o, size, toMemory && writes ? LinearMemory.WRITE : 0);
        }
        source(o, size);
        m.lstore(B);
        first(o, size, writes);
        m.lstore(A);
        result(kind, size);
        code.cut(size);
        m.lstore(R);
        if (writes) {
            put(o, size, R);
        }
        if ((p & Shape.FLAGS_DEAD) == 0) {
            flags(kind, size);
        }
    }

    private void source(Op o, int size) {
        int place = Shape.src(o.shape);
        switch (place) {
            case Shape.IMMEDIATE -> m.loadConstant(o.immediate);
            case Shape.MEMORY -> code.load(size);
            default -> code.register(place, o.src, size);
        }
    }

    private void first(Op o, int size, boolean writes) {
        int place = Shape.dst(o.shape);
        if (place != Shape.MEMORY) {
            code.register(place, o.dst, size);
        } else if (writes) {
            code.loadForWrite(size);
        } else {
            code.load(size);
        }
    }

    private void put(Op o, int size, int from) {
        int place = Shape.dst(o.shape);
        if (place == Shape.MEMORY) {
            code.store(size, from);
        } else {
            code.setRegister(place, o.dst, size, from);
        }
    }

    private void result(int kind, int size) {
        m.lload(A).lload(B);
        switch (kind) {
            case AluOp.NEG -> m.pop2().lneg();
            case AluOp.ADD, AluOp.INC, AluOp.ADC -> m.ladd();
            case AluOp.OR -> m.lor();
            case AluOp.AND, AluOp.TEST -> m.land();
            case AluOp.XOR -> m.lxor();
            default -> m.lsub();
        }
        carryIn(kind);
    }

    private void carryIn(int kind) {
        if (kind == AluOp.ADC) {
            code.carryFlag();
            m.i2l().ladd();
        } else if (kind == AluOp.SBB) {
            code.carryFlag();
            m.i2l().lsub();
        }
    }

    private void flags(int kind, int size) {
        switch (kind) {
            case AluOp.OR, AluOp.AND, AluOp.XOR, AluOp.TEST -> m.lconst_0();
            case AluOp.NEG -> m.lload(A).lload(R).lor();
            case AluOp.INC -> carryOfOne(A, R, size);
            case AluOp.DEC -> carryOfOne(R, A, size);
            case AluOp.ADD, AluOp.ADC -> m.lload(A).lload(B).lload(R).invokestatic(FLAGS, "addCarries", CARRIES);
            default -> m.lload(A).lload(B).lload(R).invokestatic(FLAGS, "subCarries", CARRIES);
        }
        code.setFlags(size);
    }

    /** INC goes from clear bits to set ones, DEC the other way; CF stays. */
    private void carryOfOne(int set, int clear, int size) {
        m.lload(set).lload(clear).loadConstant(-1L).lxor().land();
        code.carryFlag();
        m.loadConstant(size).invokestatic(FLAGS, "keepCarry", KEEP_CARRY);
    }

    // ---- MoveOp

    void move(Op o) {
        int p = o.shape;
        int size = Shape.size(p);
        int from = Shape.from(p);
        int kind = Shape.kind(p);
        if (kind == MoveOp.ADDRESS) {
            code.offset(o);
            code.cut(size);
        } else {
            if (Shape.src(p) == Shape.MEMORY) {
                code.linear(o, from, 0);
            }
            source(o, from);
            if (kind == MoveOp.SIGNED) {
                code.extend(from);
                code.cut(size);
            }
        }
        m.lstore(A);
        if (Shape.dst(p) == Shape.MEMORY) {
            code.linear(o, size, LinearMemory.WRITE);
        }
        put(o, size, A);
    }

    // ---- ShiftOp

    void shift(Op o) {
        int p = o.shape;
        int size = Shape.size(p);
        boolean memory = Shape.dst(p) == Shape.MEMORY;
        if (memory) {
            code.linear(o, size, LinearMemory.WRITE);
        }
        boolean fixed = Shape.src(p) == Shape.IMMEDIATE;
        int mask = size == Long.BYTES ? 63 : 31;
        if (fixed) {
            m.loadConstant((int) o.immediate & mask);
        } else {
            code.register(CpuState.RCX);
            m.l2i().loadConstant(mask).iand();
        }
        m.istore(COUNT);
        first(o, size, true);
        m.lstore(A);
        shifted(p, size, fixed, fixed ? (int) o.immediate & mask : 1);
        put(o, size, R);
        if (!fixed) {
            Label none = m.newLabel();
            m.iload(COUNT).ifeq(none);
            code.setMaybe(() -> shiftFlags(p, size));
            m.labelBinding(none);
        } else if (((int) o.immediate & mask) != 0) {
            shiftFlags(p, size);
        }
    }

    private void shifted(int p, int size, boolean fixed, int count) {
        Label none = m.newLabel();
        m.lload(A).lstore(R);
        if (count == 0) {
            m.labelBinding(none);
            return;
        }
        if (!fixed) {
            m.iload(COUNT).ifeq(none);
        }
        m.loadConstant(Shape.kind(p)).loadConstant(size).lload(A).iload(COUNT);
        m.invokestatic(FLAGS, "shifted", SHIFTED);
        code.cut(size);
        m.lstore(R);
        m.labelBinding(none);
    }

    private void shiftFlags(int p, int size) {
        int kind = Shape.kind(p);
        if (kind == ShiftOp.ROL || kind == ShiftOp.ROR) {
            m.aload(C).loadConstant(kind).loadConstant(size).lload(R);
            code.carries();
            m.invokestatic(FLAGS, "rotateCarries", ROTATE_CARRIES);
            code.setCarries();
        } else {
            m.loadConstant(kind).loadConstant(size).lload(A).iload(COUNT).lload(R);
            m.invokestatic(FLAGS, "shiftCarries", SHIFT_CARRIES);
            code.setFlags(size);
        }
    }

    // ---- ConditionOp

    void condition(Op o) {
        int p = o.shape;
        int condition = Shape.condition(p);
        if (Shape.kind(p) == ConditionOp.MOVE) {
            int size = Shape.size(p);
            if (Shape.src(p) == Shape.MEMORY) {
                code.linear(o, size, 0);
            }
            source(o, size);
            m.lstore(R);
            Label moves = m.newLabel();
            code.condition(condition);
            m.ifne(moves);
            code.register(Shape.dst(p), o.dst, size);
            m.lstore(R);
            m.labelBinding(moves);
            code.setRegister(Shape.dst(p), o.dst, size, R);
        } else {
            if (Shape.dst(p) == Shape.MEMORY) {
                code.linear(o, 1, LinearMemory.WRITE);
            }
            code.condition(condition);
            m.i2l().lstore(R);
            put(o, 1, R);
        }
    }

    // ---- UnaryOp

    void unary(Op o) {
        int p = o.shape;
        int size = Shape.size(p);
        int place = Shape.dst(p);
        switch (Shape.kind(p)) {
            case UnaryOp.NOT -> {
                code.register(place, o.dst, size);
                m.loadConstant(-1L).lxor();
                code.cut(size);
                m.lstore(R);
                code.setRegister(place, o.dst, size, R);
            }
            case UnaryOp.BSWAP -> {
                code.register(place, o.dst, size);
                m.invokestatic(java.lang.constant.ConstantDescs.CD_Long, "reverseBytes", REVERSE);
                m.loadConstant(Long.SIZE - 8 * size).lushr().lstore(R);
                code.setRegister(place, o.dst, size, R);
            }
            case UnaryOp.EXCHANGE -> {
                int other = Shape.src(p);
                code.register(place, o.dst, size);
                m.lstore(A);
                code.register(other, o.src, size);
                m.lstore(B);
                code.setRegister(place, o.dst, size, B);
                code.setRegister(other, o.src, size, A);
            }
            default -> accumulator(Shape.kind(p), size);
        }
    }

    private void accumulator(int kind, int size) {
        code.register(CpuState.RAX);
        if (kind == UnaryOp.WIDEN) {
            code.extend(size / 2);
        } else {
            code.extend(size);
            m.loadConstant(SIGN_SHIFT).lshr();
        }
        code.cut(size);
        m.lstore(R);
        code.setRegister(Shape.REGISTER, kind == UnaryOp.WIDEN ? CpuState.RAX : CpuState.RDX, size, R);
    }

    // ---- MultiplyOp

    void multiply(Op o) {
        int p = o.shape;
        int size = Shape.size(p);
        if (Shape.src(p) == Shape.MEMORY) {
            code.linear(o, size, 0);
        }
        if (Shape.src(p) == Shape.MEMORY) {
            code.load(size);
        } else {
            code.register(Shape.src(p), o.src, size);
        }
        code.extend(size);
        m.lstore(A);
        if (Shape.kind(p) != 0) {
            m.loadConstant(o.immediate);
        } else {
            code.register(o.dst);
            code.extend(size);
        }
        m.lstore(B);
        m.lload(A).lload(B).lmul();
        code.cut(size);
        m.lstore(R);
        code.setRegister(Shape.REGISTER, o.dst, size, R);
        m.lload(A).lload(B).loadConstant(size).invokestatic(FLAGS, "overflows", OVERFLOWS);
        m.istore(COUNT).iload(COUNT).iload(COUNT).loadConstant(size).invokestatic(FLAGS, "carries", OF_TWO);
        code.setCarries();
        m.lload(R).loadConstant(size).invokestatic(FLAGS, "product", PRODUCT);
        code.setResult(size);
    }
}
