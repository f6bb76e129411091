package dev.cloister.emulator.vector;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import dev.cloister.emulator.execute.Execution;

/** Whether x87, MMX, SSE and AVX may be used, and vector operands in 64-bit lanes. */
public final class VectorUnit {
    /** Names whose 16-byte memory operands may lie anywhere. */
    private static final java.util.Set<String> UNALIGNED = java.util.Set.of("movdqu", "movups", "movupd", "lddqu");

    private VectorUnit() {}

    public static void checkX87(Execution x) {
        if ((x.state.cr0() & (ControlBits.CR0_EM | ControlBits.CR0_TS)) != 0) {
            throw x.fault(CpuException.NM);
        }
    }

    /** MMX: #UD with CR0.EM, #NM with CR0.TS, then a pending x87 error; the register file becomes valid with TOP 0. */
    public static void checkMmx(Execution x) {
        if (x.state.flagCr0(ControlBits.CR0_EM)) {
            throw x.fault(CpuException.UD);
        }
        if (x.state.flagCr0(ControlBits.CR0_TS)) {
            throw x.fault(CpuException.NM);
        }
        x.state.extended().normalize();
        checkPending(x);
        x.state.extended().enterMmx();
    }

    /** A pending unmasked x87 exception: #MF where CR0.NE is set; the external interrupt of the other case is not done. */
    public static void checkPending(Execution x) {
        if ((x.state.extended().statusWord() & 0x80) != 0) {
            if (x.state.flagCr0(ControlBits.CR0_NE)) {
                throw x.fault(CpuException.MF);
            }
            throw x.unsupported("an x87 error reported by FERR#");
        }
    }

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

    /** The right check for the register file that the instruction names. */
    public static void check(Execution x, Instruction i) {
        boolean mmx = false;
        boolean sse = false;
        for (int n = 0; n < i.operandCount; n++) {
            mmx |= i.kinds[n] == OperandKind.MMX;
            sse |= i.kinds[n] == OperandKind.XMM || i.kinds[n] == OperandKind.YMM;
        }
        if (sse || !mmx) {
            checkSse(x, i);
        }
        if (mmx) {
            checkMmx(x);
        }
    }

    /** Reads operand {@code n} into lanes; what the operand doesn't fill is zero. */
    public static void load(Execution x, Instruction i, int n, long[] lanes) {
        java.util.Arrays.fill(lanes, 0);
        switch (i.kinds[n]) {
            case XMM, YMM -> {
                for (int k = 0; k < (i.kinds[n] == OperandKind.YMM ? 4 : 2); k++) {
                    lanes[k] = x.state.extended().lane(i.registers[n], k);
                }
            }
            case MEMORY -> loadMemory(x, i, n, lanes);
            default -> lanes[0] = x.get(i, n);
        }
    }

    private static void checkAlignment(Execution x, Instruction i, long at, int size, int access) {
        boolean aligned = size >= 16 && (i.vex ? isAlignedMove(i.form.mnemonic) : !UNALIGNED.contains(i.form.mnemonic));
        long linear = x.segmentation.linear(x.segmentOf(i), at, size, access);
        if (aligned && (linear & size - 1) != 0) {
            throw x.fault(CpuException.GP);
        }
    }

    private static boolean isAlignedMove(String name) {
        return name.startsWith("vmova") || name.equals("vmovdqa") || name.startsWith("vmovnt");
    }

    private static void loadMemory(Execution x, Instruction i, int n, long[] lanes) {
        int size = i.sizes[n];
        int segment = x.segmentOf(i);
        long at = x.effective(i);
        if (size <= 8) {
            lanes[0] = x.read(segment, at, size, 0);
            return;
        }
        checkAlignment(x, i, at, size, 0);
        for (int k = 0; k < size / 8; k++) {
            lanes[k] = x.read(segment, at + 8 * k, 8, 0);
        }
    }

    /** Writes operand {@code n}: a VEX destination register is cleared above the operand, a legacy one is not. */
    public static void store(Execution x, Instruction i, int n, long[] lanes) {
        switch (i.kinds[n]) {
            case XMM, YMM -> storeRegister(x, i, n, lanes);
            case MEMORY -> storeMemory(x, i, n, lanes);
            default -> x.set(i, n, lanes[0]);
        }
    }

    private static void storeRegister(Execution x, Instruction i, int n, long[] lanes) {
        boolean wide = i.kinds[n] == OperandKind.YMM;
        int register = i.registers[n];
        x.state.extended().setLane(register, 0, lanes[0]);
        x.state.extended().setLane(register, 1, lanes[1]);
        if (wide || i.vex) {
            x.state.extended().setLane(register, 2, wide ? lanes[2] : 0);
            x.state.extended().setLane(register, 3, wide ? lanes[3] : 0);
        }
    }

    private static void storeMemory(Execution x, Instruction i, int n, long[] lanes) {
        int size = i.sizes[n];
        int segment = x.segmentOf(i);
        long at = x.effective(i);
        if (size <= 8) {
            x.write(segment, at, size, lanes[0]);
            return;
        }
        checkAlignment(x, i, at, size, LinearMemory.WRITE);
        x.segmentation.probe(segment, at, size, LinearMemory.WRITE);
        for (int k = 0; k < size / 8; k++) {
            x.write(segment, at + 8 * k, 8, lanes[k]);
        }
    }
}
