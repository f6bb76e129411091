package dev.cloister.emulator.x87;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.ExtendedState;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.softfloat.FloatContext;
import dev.cloister.emulator.softfloat.Real;
import dev.cloister.emulator.softfloat.RealMath;
import dev.cloister.emulator.softfloat.Rounding;
import dev.cloister.emulator.softfloat.SoftFloat;
import dev.cloister.emulator.vector.VectorUnit;

/**
 * The x87 of one processor while it executes an instruction: the register stack in {@link ExtendedState}, stack faults,
 * flags and the record of the last instruction. An instruction begins with {@link #begin} or {@link #beginControl},
 * reads memory before it changes anything, and ends with {@link #finish}.
 */
public final class X87Unit {
    static final int C0 = 0x100;
    static final int C1 = 0x200;
    static final int C2 = 0x400;
    static final int C3 = 0x4000;
    static final int CONDITIONS = C0 | C1 | C2 | C3;
    /** Status: stack fault. */
    static final int SF = 0x40;
    /** Status: error summary and its copy, busy. */
    static final int SUMMARY = 0x8080;

    static final long NAN_SIGNIFICAND = 0xC000000000000000L;
    static final int NAN_EXPONENT = 0xFFFF;

    private static final int REGISTERS = 32;

    final SoftFloat soft = new SoftFloat();
    final FloatContext context = soft.context();
    final RealMath math = soft.math();
    final Rounding rounding = soft.rounding();
    final Real a = new Real();
    final Real b = new Real();
    final Real r = new Real();
    final Functions functions = new Functions();

    /** C1 after the instruction: rounded up, or the direction of a stack fault. */
    boolean c1;
    /** The result is reported as inexact even where it is representable. */
    boolean inexact;

    private final Execution x;
    private final ExtendedState extended;
    private boolean stackFault;
    /** Linear or effective address of the memory operand, for the data pointer. */
    private long operandOffset;

    private boolean hasOperand;

    /**
     * Makes the unit of one processor.
     *
     * @param x the processor
     */
    public X87Unit(Execution x) {
        this.x = x;
        extended = x.state.extended();
    }

    /** Checks of an instruction that waits for pending errors. */
    void begin(Instruction i) {
        beginControl(i);
        checkPending();
    }

    /** Checks of an instruction that doesn't wait. */
    void beginControl(Instruction i) {
        VectorUnit.checkX87(x);
        prepare(i);
    }

    /** Everything but the check of CR0. */
    void prepare(Instruction i) {
        if ((extended.xstateBv() & ExtendedState.X87) == 0) {
            extended.normalize();
        }
        context.useControlWord(extended.controlWord());
        c1 = false;
        inexact = false;
        stackFault = false;
        hasOperand = i.operandCount > 0 && i.modrm < 0xC0;
        if (hasOperand) {
            operandOffset = x.effective(i);
        }
    }

    /**
     * Reports a pending error: #MF where CR0.NE is set. Otherwise FERR#, and unless IGNNE# lets it go on, the instruction
     * stays where it is and halts (Intel SDM vol. 1, 8.7.2).
     */
    public void checkPending() {
        if ((extended.statusWord() & 0x80) == 0) {
            return;
        }
        if (x.state.flagCr0(ControlBits.CR0_NE)) {
            throw x.fault(CpuException.MF);
        }
        x.environment.numericError(true);
        if (!x.environment.ignoresNumericError()) {
            throw x.fault(CpuException.WAITING);
        }
    }

    int top() {
        return extended.statusWord() >> 11 & 7;
    }

    boolean isEmpty(int st) {
        return (extended.tagByte() >> (top() + st & 7) & 1) == 0;
    }

    void setEmpty(int st) {
        extended.setTagByte(extended.tagByte() & ~(1 << (top() + st & 7)));
    }

    long significand(int st) {
        return extended.getLong(REGISTERS + 16 * st);
    }

    int signExponent(int st) {
        return (int) extended.getLong(REGISTERS + 16 * st + 8) & 0xFFFF;
    }

    void get(int st, Real into) {
        into.unpack80(significand(st), signExponent(st));
    }

    void put(int st, long significand, int signExponent) {
        extended.setLong(REGISTERS + 16 * st, significand);
        extended.setLong(REGISTERS + 16 * st + 8, signExponent);
        extended.setTagByte(extended.tagByte() | 1 << (top() + st & 7));
    }

    void putNan(int st) {
        put(st, NAN_SIGNIFICAND, NAN_EXPONENT);
    }

    /** Writes what {@link #rounding} holds. */
    void putRounded(int st) {
        put(st, rounding.significand(), rounding.signExponent());
        c1 = context.roundedUp();
    }

    void pop() {
        setEmpty(0);
        extended.setTop(top() + 1 & 7);
    }

    void push() {
        extended.setTop(top() - 1 & 7);
    }

    void rotate(int by) {
        extended.setTop(top() + by & 7);
    }

    int statusWord() {
        return extended.statusWord();
    }

    void setConditions(int which, int value) {
        extended.setStatusWord(extended.statusWord() & ~which | value);
    }

    ExtendedState extended() {
        return extended;
    }

    /** A stack fault; true where the masked response (default NaN) is wanted. */
    boolean stackFault(boolean overflow) {
        context.raise(FloatContext.IE);
        stackFault = true;
        c1 = overflow;
        return context.isMasked(FloatContext.IE);
    }

    /** Stack underflow where {@code st} is empty: the response is written into {@code to}, or nowhere. */
    boolean underflow(int to) {
        boolean masked = stackFault(false);
        if (masked) {
            putNan(to);
        }
        return masked;
    }

    /** Whether a new value may be pushed; otherwise the overflow has been answered. */
    boolean roomToPush() {
        if (isEmpty(7)) {
            return true;
        }
        if (stackFault(true)) {
            push();
            putNan(0);
        }
        return false;
    }

    /** Rounds {@link #r} and writes it, unless an unmasked exception came before; true if it was written. */
    boolean store(int st) {
        if (context.stopped()) {
            return false;
        }
        rounding.round(r);
        putRounded(st);
        return true;
    }

    /** As {@link #store}, whatever the precision control says. */
    boolean storeFull(int st) {
        if (context.stopped()) {
            return false;
        }
        rounding.roundFull(r);
        if (inexact) {
            reportInexact();
        }
        putRounded(st);
        return true;
    }

    private void reportInexact() {
        boolean tiny = (rounding.signExponent() & 0x7FFF) == 0;
        context.raise(tiny ? FloatContext.PE | FloatContext.UE : FloatContext.PE);
    }

    /** Takes over flags and C1, and records the instruction. */
    void finish(Instruction i) {
        int status =
                extended.statusWord() & ~C1 | context.flags() | (c1 ? C1 : 0) | (stackFault ? SF | FloatContext.IE : 0);
        extended.setStatusWord(status);
        summarize();
        extended.setLong(8, x.state.rip());
        if (context.unmasked() != 0) {
            extended.setShort(6, (i.opcode & 7) << 8 | i.modrm);
            extended.setLong(16, hasOperand ? operandOffset : extended.getLong(16));
        }
    }

    /** C1 stays as it is. */
    void keepConditions() {
        c1 = (extended.statusWord() & C1) != 0;
    }

    /**
     * Makes a loaded image what the processor keeps of it (FXRSTOR, XRSTOR): reserved bits are cleared and the error
     * summary follows from flags and masks.
     *
     * @param wide whether the pointers have 64 bits; otherwise their upper halves are selectors, which are forgotten
     */
    public void accept(boolean wide) {
        extended.setControlWord(extended.controlWord() & X87ControlOps.CONTROL_BITS | 0x40);
        extended.setShort(4, extended.tagByte());
        extended.setShort(6, extended.getShort(6) & 0x7FF);
        if (!wide) {
            extended.setInt(12, 0);
            extended.setInt(20, 0);
        }
        for (int st = 0; st < 8; st++) {
            extended.setLong(REGISTERS + 16 * st + 8, signExponent(st));
        }
        summarize();
    }

    /** Error summary and busy follow from flags and masks. */
    void summarize() {
        int status = extended.statusWord();
        boolean error = (status & ~extended.controlWord() & FloatContext.ALL) != 0;
        extended.setStatusWord(status & ~SUMMARY | (error ? SUMMARY : 0));
        if (!error && (status & SUMMARY) != 0 && !x.state.flagCr0(ControlBits.CR0_NE)) {
            x.environment.numericError(false);
        }
    }
}
