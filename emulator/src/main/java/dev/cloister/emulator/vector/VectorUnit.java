package dev.cloister.emulator.vector;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.ExtendedState;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.decode.Form;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import dev.cloister.emulator.execute.Execution;

/**
 * Whether x87, MMX, SSE and AVX may be used, and vector operands in 64-bit lanes. A handler checks, loads, computes and stores, in
 * this order, so that a fault leaves everything as it was.
 */
public final class VectorUnit {
    private VectorUnit() {}

    /** x87: #NM with CR0.EM or CR0.TS. */
    public static void checkX87(Execution x) {
        if ((x.state.cr0() & (ControlBits.CR0_EM | ControlBits.CR0_TS)) != 0) {
            throw x.fault(CpuException.NM);
        }
    }

    /** As MMX instructions without memory operands begin: {@link #checkMmxUse}, then the register file becomes valid with TOP 0. */
    public static void checkMmx(Execution x) {
        checkMmxUse(x);
        x.state.extended().enterMmx();
    }

    /** MMX: #UD with CR0.EM, #NM with CR0.TS, then a pending x87 error. The register file changes in {@link #enterMmx}. */
    private static void checkMmxUse(Execution x) {
        if (x.state.flagCr0(ControlBits.CR0_EM)) {
            throw x.fault(CpuException.UD);
        }
        if (x.state.flagCr0(ControlBits.CR0_TS)) {
            throw x.fault(CpuException.NM);
        }
        x.state.extended().normalize();
        x.x87.checkPending();
    }

    /** The register file becomes valid with TOP 0 once nothing can fault any more; for forms without MMX registers nothing happens. */
    static void enterMmx(Execution x, Instruction i) {
        if (i.form.has(Form.MMX) && namesMmx(i)) {
            x.state.extended().enterMmx();
        }
    }

    private static boolean namesMmx(Instruction i) {
        for (int n = 0; n < i.operandCount; n++) {
            if (i.kinds[n] == OperandKind.MMX) {
                return true;
            }
        }
        return false;
    }

    /** SSE: #UD without CR4.OSFXSR or with CR0.EM; AVX: #UD without CR4.OSXSAVE or XCR0's bits; then #NM with CR0.TS. */
    public static void checkSse(Execution x, Instruction i) {
        boolean enabled = i.vex
                ? (x.state.cr4() & ControlBits.CR4_OSXSAVE) != 0 && (x.state.xcr0() & 6) == 6
                : (x.state.cr4() & ControlBits.CR4_OSFXSR) != 0 && !x.state.flagCr0(ControlBits.CR0_EM);
        if (!enabled) {
            throw x.fault(CpuException.UD);
        }
        if (x.state.flagCr0(ControlBits.CR0_TS)) {
            throw x.fault(CpuException.NM);
        }
        if ((x.state.extended().xstateBv() & 7) != 7) {
            x.state.extended().normalize();
        }
    }

    /** The right check for the register files that the instruction names. */
    public static void check(Execution x, Instruction i) {
        boolean mmx = i.form.has(Form.MMX);
        if (!mmx || i.form.has(Form.VECTOR)) {
            checkSse(x, i);
        }
        if (mmx && namesMmx(i)) {
            checkMmxUse(x);
        }
    }

    /** 64-bit lanes that the instruction computes: those of its first operand. */
    static int lanes(Instruction i) {
        return i.kinds[0] == OperandKind.YMM ? 4 : i.kinds[0] == OperandKind.MMX ? 1 : 2;
    }

    /** Bits of one group that shuffles stay within: an MMX register or a 128-bit lane. */
    static int group(Instruction i) {
        return i.kinds[0] == OperandKind.MMX ? 64 : 128;
    }

    /** Checks, then reads two sources: legacy forms have the destination as the first, VEX forms name it. */
    static void loadSources(Execution x, Instruction i) {
        check(x, i);
        load(x, i, i.operandCount == 2 ? 0 : 1, x.a);
        load(x, i, i.operandCount - 1, x.b);
    }

    /** As {@link #loadSources}, for forms that end in an immediate or another operand. */
    static void loadSourcesBeforeLast(Execution x, Instruction i) {
        check(x, i);
        load(x, i, i.operandCount == 3 ? 0 : 1, x.a);
        load(x, i, i.operandCount - 2, x.b);
    }

    /** Reads operand {@code n} into lanes; what the operand doesn't fill is zero. */
    public static void load(Execution x, Instruction i, int n, long[] lanes) {
        OperandKind kind = i.kinds[n];
        if (kind == OperandKind.XMM || kind == OperandKind.YMM) {
            loadRegister(x.state.extended(), i.registers[n], kind == OperandKind.YMM, lanes);
            return;
        }
        lanes[1] = 0;
        lanes[2] = 0;
        lanes[3] = 0;
        if (kind == OperandKind.MEMORY && isWhole(i, n)) {
            loadMemory(x, i, n, lanes);
        } else {
            lanes[0] = x.get(i, n);
        }
    }

    private static void loadRegister(ExtendedState state, int register, boolean wide, long[] lanes) {
        lanes[0] = state.lane(register, 0);
        lanes[1] = state.lane(register, 1);
        lanes[2] = wide ? state.lane(register, 2) : 0;
        lanes[3] = wide ? state.lane(register, 3) : 0;
    }

    /** Whether RFLAGS.AC doesn't concern a memory operand: 16 bytes and more, and the eight of VCVTPH2PS and VCVTPS2PH. */
    private static boolean isWhole(Instruction i, int n) {
        boolean half = i.vex && i.form.mnemonic.endsWith(n == 0 ? "2ph" : "ph2ps");
        return i.sizes[n] > 8 || half;
    }

    private static void loadMemory(Execution x, Instruction i, int n, long[] lanes) {
        int size = i.sizes[n];
        int segment = x.segmentOf(i);
        long at = x.effective(i);
        x.segmentation.checkWide(segment, at, size, 0, i.form.has(Form.ALIGNED));
        for (int k = 0; k < size / 8; k++) {
            lanes[k] = x.segmentation.readLane(segment, at + 8 * k);
        }
    }

    /** Writes operand {@code n}: a VEX destination register is cleared above the operand, a legacy one is not. */
    public static void store(Execution x, Instruction i, int n, long[] lanes) {
        switch (i.kinds[n]) {
            case XMM, YMM -> {
                storeRegister(x, i, n, lanes);
                enterMmx(x, i);
            }
            case MEMORY -> storeMemory(x, i, n, lanes);
            default -> storeValue(x, i, n, lanes[0]);
        }
    }

    /** Writes an operand of at most 64 bits that is no XMM register. */
    static void storeValue(Execution x, Instruction i, int n, long value) {
        if (i.kinds[n] == OperandKind.MEMORY) {
            if (i.form.has(Form.MMX)) {
                // TOP is 0 also where the store faults, as real processors leave it; the tags change with success only.
                x.state.extended().setTop(0);
            }
            x.set(i, n, value);
            enterMmx(x, i);
        } else {
            enterMmx(x, i);
            x.set(i, n, value);
        }
    }

    private static void storeRegister(Execution x, Instruction i, int n, long[] lanes) {
        boolean wide = i.kinds[n] == OperandKind.YMM;
        int register = i.registers[n];
        ExtendedState state = x.state.extended();
        state.setLane(register, 0, lanes[0]);
        state.setLane(register, 1, lanes[1]);
        if (wide || i.vex) {
            state.setLane(register, 2, wide ? lanes[2] : 0);
            state.setLane(register, 3, wide ? lanes[3] : 0);
        }
    }

    private static void storeMemory(Execution x, Instruction i, int n, long[] lanes) {
        int size = i.sizes[n];
        if (!isWhole(i, n)) {
            storeValue(x, i, n, lanes[0]);
            return;
        }
        int segment = x.segmentOf(i);
        long at = x.effective(i);
        x.segmentation.checkWide(segment, at, size, LinearMemory.WRITE, i.form.has(Form.ALIGNED));
        x.segmentation.probe(segment, at, size, LinearMemory.WRITE);
        for (int k = 0; k < size / 8; k++) {
            x.segmentation.writeLane(segment, at + 8 * k, lanes[k]);
        }
    }
}
