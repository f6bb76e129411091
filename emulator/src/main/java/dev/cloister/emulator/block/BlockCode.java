package dev.cloister.emulator.block;

import static java.lang.constant.ConstantDescs.CD_Throwable;
import static java.lang.constant.ConstantDescs.CD_boolean;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.cloister.emulator.memory.TlbMemory;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;

/**
 * The bytecode of one block while it is written: where registers and flags are, how they get there and back, how memory is reached.
 * General registers that the block uses and the lazy flags are local variables; what was changed goes back to the {@link BlockContext}
 * before anybody else can look: at the block's end, before an operation that isn't bytecode, and where something is thrown.
 */
final class BlockCode {
    static final ClassDesc CONTEXT = BlockContext.class.describeConstable().orElseThrow();
    static final ClassDesc BLOCK = Block.class.describeConstable().orElseThrow();
    static final ClassDesc OP = Op.class.describeConstable().orElseThrow();
    static final ClassDesc FLAGS = LazyFlags.class.describeConstable().orElseThrow();

    static final int THIS = 0;
    static final int C = 1;
    static final int SELF = 2;
    /** The operation that is executed, by its number. */
    static final int N = 5;
    /** Operands, result and address of an operation. */
    static final int A = 44;

    static final int B = 46;
    static final int R = 48;
    static final int ADDRESS = 50;
    /** A count or a condition. */
    static final int COUNT = 52;

    private static final int GPR = 3;
    private static final int MEMORY = 4;
    private static final int FIRST_REGISTER = 6;
    private static final int RESULT = 38;
    private static final int CARRY = 40;
    private static final int TOP = 42;
    private static final int CAUGHT = 53;

    private static final int REGISTERS = 16;
    private static final int HIGH_SHIFT = 8;
    private static final ClassDesc VIEW = TlbMemory.class.describeConstable().orElseThrow();
    private static final ClassDesc SIGNAL =
            Stop.Signal.class.describeConstable().orElseThrow();
    private static final ClassDesc STOP = Stop.class.describeConstable().orElseThrow();
    private static final ClassDesc PARENT = Translated.class.describeConstable().orElseThrow();
    private static final MethodTypeDesc LOAD = MethodTypeDesc.of(CD_long, CD_long);
    private static final MethodTypeDesc STORE = MethodTypeDesc.of(CD_void, CD_long, CD_long);
    private static final MethodTypeDesc LOAD_FOR_WRITE = MethodTypeDesc.of(CD_long, CD_long, CD_int);
    private static final MethodTypeDesc CHECK = MethodTypeDesc.of(CD_long, CD_long, CD_int, CD_int);
    private static final MethodTypeDesc SEGMENTED = MethodTypeDesc.of(CD_long, CD_int, CD_long, CD_int, CD_int);
    private static final MethodTypeDesc SEGMENT_BASE = MethodTypeDesc.of(CD_long, CD_int);
    private static final MethodTypeDesc FAILED = MethodTypeDesc.of(BLOCK, BLOCK, CONTEXT, CD_int, CD_Throwable);
    private static final MethodTypeDesc HOLDS =
            MethodTypeDesc.of(CD_boolean, CONTEXT, CD_int, CD_long, CD_long, CD_long);

    final CodeBuilder code;
    private int used;
    /** Registers whose locals are newer than the context's. */
    private int changed;
    /** Registers that the block changes anywhere. */
    private int written;

    private boolean flagsChanged;
    private boolean flagsWritten;
    /** Whether the flags are known to be in the lazy form. */
    private boolean lazy;

    private Label guarded;
    private final Label caught;
    private final Label caughtSettled;

    BlockCode(CodeBuilder code) {
        this.code = code;
        caught = code.newLabel();
        caughtSettled = code.newLabel();
        guarded = code.newLabel();
    }

    // ---- frame

    /** The method's beginning: fetches the registers of a mask, and the flags. */
    void begin(int registers) {
        used = registers;
        code.aload(C).getfield(CONTEXT, "gpr", CD_long.arrayType()).astore(GPR);
        code.aload(C).getfield(CONTEXT, "memory", VIEW).astore(MEMORY);
        code.iconst_0().istore(N);
        fetch();
        guarded = code.newBoundLabel();
    }

    private void fetch() {
        for (int r = 0; r < REGISTERS; r++) {
            if ((used >>> r & 1) != 0) {
                code.aload(GPR).loadConstant(r).laload().lstore(local(r));
            }
        }
        code.aload(C).getfield(CONTEXT, "flagResult", CD_long).lstore(RESULT);
        code.aload(C).getfield(CONTEXT, "flagCarry", CD_long).lstore(CARRY);
        code.aload(C).getfield(CONTEXT, "flagTop", CD_long).lstore(TOP);
        lazy = false;
    }

    private static int local(int register) {
        return FIRST_REGISTER + 2 * register;
    }

    /** Says which operation comes now. */
    void at(int n) {
        code.loadConstant(n).istore(N);
    }

    /** Puts everything back that was changed. */
    void settle() {
        putBack(changed, flagsChanged);
        changed = 0;
        flagsChanged = false;
    }

    private void putBack(int registers, boolean flags) {
        for (int r = 0; r < REGISTERS; r++) {
            if ((registers >>> r & 1) != 0) {
                code.aload(GPR).loadConstant(r).lload(local(r)).lastore();
            }
        }
        if (flags) {
            code.aload(C).lload(RESULT).putfield(CONTEXT, "flagResult", CD_long);
            code.aload(C).lload(CARRY).putfield(CONTEXT, "flagCarry", CD_long);
            code.aload(C).lload(TOP).putfield(CONTEXT, "flagTop", CD_long);
        }
    }

    /** An operation by itself, in place. It may have changed anything, and has put its own state in order where it throws. */
    void operation(int n, MethodTypeDesc type, String method) {
        settle();
        code.exceptionCatchAll(guarded, code.newBoundLabel(), caught);
        Label from = code.newBoundLabel();
        code.aload(THIS).getfield(PARENT, "ops", OP.arrayType()).loadConstant(n).aaload();
        code.aload(C);
        if (type.parameterCount() > 1) {
            code.aload(SELF);
        }
        code.invokevirtual(OP, method, type);
        code.exceptionCatchAll(from, code.newBoundLabel(), caughtSettled);
    }

    /** Goes on after {@link #operation}. */
    void resume() {
        guarded = code.newBoundLabel();
        fetch();
    }

    /** After an operation that may have written: leaves where the block was written itself. */
    void leaveIfKilled(int n) {
        Label alive = code.newLabel();
        code.aload(SELF).getfield(BLOCK, "valid", CD_boolean).ifne(alive);
        at(n + 1);
        code.getstatic(STOP, "SIGNAL", SIGNAL).athrow();
        code.labelBinding(alive);
    }

    /** The method's end. */
    void end(boolean open) {
        if (open) {
            code.exceptionCatchAll(guarded, code.newBoundLabel(), caught);
        }
        code.labelBinding(caught);
        code.astore(CAUGHT);
        putBack(written, flagsWritten);
        Label tell = code.newLabel();
        code.goto_(tell);
        code.labelBinding(caughtSettled);
        code.astore(CAUGHT);
        code.labelBinding(tell);
        code.aload(SELF).aload(C).iload(N).aload(CAUGHT);
        code.invokestatic(PARENT, "failed", FAILED).areturn();
    }

    // ---- registers

    /** Pushes a whole register. */
    void register(int index) {
        code.lload(local(index));
    }

    /** Pops into a whole register. */
    void setRegister(int index) {
        code.lstore(local(index));
        changed |= 1 << index;
        written |= 1 << index;
    }

    /** Pushes a register operand, zero-extended. */
    void register(int place, int index, int size) {
        register(index);
        if (place == Shape.HIGH) {
            code.loadConstant(HIGH_SHIFT).lushr().loadConstant(0xFFL).land();
        } else {
            cut(size);
        }
    }

    /** Writes a register operand from a local that is already cut to its size. */
    void setRegister(int place, int index, int size, int from) {
        if (place == Shape.HIGH) {
            register(index);
            code.loadConstant(~0xFF00L)
                    .land()
                    .lload(from)
                    .loadConstant(HIGH_SHIFT)
                    .lshl()
                    .lor();
        } else if (size >= Integer.BYTES) {
            code.lload(from);
        } else {
            register(index);
            code.loadConstant(~Shape.mask(size)).land().lload(from).lor();
        }
        setRegister(index);
    }

    /** Cuts the value on the stack to an operand's size. */
    void cut(int size) {
        if (size < Long.BYTES) {
            code.loadConstant(Shape.mask(size)).land();
        }
    }

    /** Sign-extends the value on the stack. */
    void extend(int size) {
        switch (size) {
            case 1 -> code.l2i().i2b().i2l();
            case 2 -> code.l2i().i2s().i2l();
            case 4 -> code.l2i().i2l();
            default -> {
                // It has all its bits.
            }
        }
    }

    // ---- memory

    /** Pushes the offset that a memory operand names. */
    void offset(Op o) {
        int shape = o.shape;
        code.loadConstant(o.displacement);
        if ((shape & Shape.BASE) != 0) {
            register(o.base);
            code.ladd();
        }
        if ((shape & Shape.INDEX) != 0) {
            register(o.index);
            if (o.scale != 0) {
                code.loadConstant(o.scale).lshl();
            }
            code.ladd();
        }
        long width = Shape.cut(shape, -1L);
        if (width != -1L) {
            code.loadConstant(width).land();
        }
    }

    /** Leaves the checked linear address of a memory operand in {@link #ADDRESS}. */
    void linear(Op o, int size, int access) {
        int form = Shape.segmentation(o.shape);
        code.aload(C);
        if (form == Shape.CHECKED) {
            code.loadConstant(o.segment);
            offset(o);
            code.loadConstant(size).loadConstant(access).invokevirtual(CONTEXT, "segmented", SEGMENTED);
        } else {
            offset(o);
            if (form == Shape.BASED) {
                code.aload(C).loadConstant(o.segment).invokevirtual(CONTEXT, "segmentBase", SEGMENT_BASE);
                code.ladd();
            }
            check(form, size, o.segment);
        }
        code.lstore(ADDRESS);
    }

    /** Checks the address on the stack, below which the context is, and leaves it there. */
    void check(int form, int size, int segment) {
        code.loadConstant(size).loadConstant(segment);
        code.invokevirtual(CONTEXT, form == Shape.FLAT_32 ? "within4GiB" : "canonical", CHECK);
    }

    /** Pushes what is at {@link #ADDRESS}. */
    void load(int size) {
        code.aload(MEMORY).lload(ADDRESS).invokevirtual(VIEW, "load" + 8 * size, LOAD);
    }

    /** The same where it will be written. */
    void loadForWrite(int size) {
        code.aload(C).lload(ADDRESS).loadConstant(size).invokevirtual(CONTEXT, "loadForWrite", LOAD_FOR_WRITE);
    }

    /** Writes a local to {@link #ADDRESS}. */
    void store(int size, int from) {
        code.aload(MEMORY).lload(ADDRESS).lload(from).invokevirtual(VIEW, "store" + 8 * size, STORE);
    }

    // ---- flags

    /** Sets the flags: the carries are on the stack, the result is in {@link #R}. */
    void setFlags(int size) {
        code.lstore(CARRY);
        code.lload(R);
        extend(size);
        setResult(size);
    }

    /** Pops the result that flags come from. */
    void setResult(int size) {
        code.lstore(RESULT);
        code.loadConstant(1L << 8 * size - 1).lstore(TOP);
        lazy = true;
        flagsTouched();
    }

    /** Pops the carries alone. */
    void setCarries() {
        code.lstore(CARRY);
        flagsTouched();
    }

    private void flagsTouched() {
        flagsChanged = true;
        flagsWritten = true;
    }

    /** Flags are set on one of two ways that join here: what is known of their form is what was known before. */
    void setMaybe(Runnable writes) {
        boolean before = lazy;
        writes.run();
        lazy = before;
    }

    /** Pushes the flags' carries and their top bit. */
    void carries() {
        code.lload(CARRY).lload(TOP);
    }

    /** Pushes whether CF is set, from wherever it is. */
    void carryFlag() {
        code.aload(C);
        carries();
        code.invokestatic(FLAGS, "carry", MethodTypeDesc.of(CD_boolean, CONTEXT, CD_long, CD_long));
    }

    /** Pushes whether a condition holds. */
    void condition(int condition) {
        if (!lazy) {
            code.aload(C).loadConstant(condition).lload(RESULT);
            carries();
            code.invokestatic(FLAGS, "holds", HOLDS);
            return;
        }
        switch (condition >> 1 & 7) {
            case 0 -> fromCarries("overflow");
            case 1 -> fromCarries("carry");
            case 2 -> fromResult("zero");
            case 3 -> fromAll("belowOrEqual");
            case 4 -> fromResult("negative");
            case 5 -> fromResult("parity");
            case 6 -> fromAll("less");
            default -> fromAll("lessOrEqual");
        }
        if ((condition & 1) != 0) {
            code.iconst_1().ixor();
        }
    }

    private void fromCarries(String name) {
        carries();
        code.invokestatic(FLAGS, name, MethodTypeDesc.of(CD_boolean, CD_long, CD_long));
    }

    private void fromResult(String name) {
        code.lload(RESULT).invokestatic(FLAGS, name, MethodTypeDesc.of(CD_boolean, CD_long));
    }

    private void fromAll(String name) {
        code.lload(RESULT);
        carries();
        code.invokestatic(FLAGS, name, MethodTypeDesc.of(CD_boolean, CD_long, CD_long, CD_long));
    }
}
