package dev.cloister.emulator.x87;

import dev.cloister.emulator.cpu.CpuMode;
import dev.cloister.emulator.cpu.ExtendedState;
import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.HandlerRegistry;
import dev.cloister.emulator.softfloat.Real;

/** FNSTENV, FLDENV, FNSAVE and FRSTOR in their four layouts (Intel SDM vol. 1, 8.1.10). */
final class X87EnvironmentOps {
    private static final int TAG_VALID = 0;
    private static final int TAG_ZERO = 1;
    private static final int TAG_SPECIAL = 2;
    private static final int TAG_EMPTY = 3;

    private X87EnvironmentOps() {}

    static void register(HandlerRegistry table) {
        table.put(X87Handlers.control(X87EnvironmentOps::storeEnvironment), "fnstenv");
        table.put(X87Handlers.waitingControl(X87EnvironmentOps::loadEnvironment), "fldenv");
        table.put(X87Handlers.control(X87EnvironmentOps::save), "fnsave");
        table.put(X87Handlers.waitingControl(X87EnvironmentOps::restore), "frstor");
    }

    private static int unit(Instruction i) {
        return i.operandSize == 2 ? 2 : 4;
    }

    private static boolean isRealLayout(Execution x) {
        return x.mode == CpuMode.REAL || x.mode == CpuMode.VIRTUAL_8086;
    }

    private static void write(Execution x, Instruction i, int at, int size, long value) {
        x.write(x.segmentOf(i), x.effective(i) + at & Execution.mask(i.addressSize), size, value);
    }

    private static long read(Execution x, Instruction i, int at, int size) {
        return x.read(x.segmentOf(i), x.effective(i) + at & Execution.mask(i.addressSize), size, 0);
    }

    /** The full tag word of the abridged one and the registers. */
    private static int tagWord(X87Unit u) {
        int word = 0;
        for (int st = 0; st < 8; st++) {
            word |= tag(u, st) << 2 * (u.top() + st & 7);
        }
        return word;
    }

    private static int tag(X87Unit u, int st) {
        if (u.isEmpty(st)) {
            return TAG_EMPTY;
        }
        u.get(st, u.a);
        if (u.a.kind == Real.ZERO) {
            return TAG_ZERO;
        }
        return u.a.kind == Real.FINITE && !u.a.denormal ? TAG_VALID : TAG_SPECIAL;
    }

    private static void putEnvironment(X87Unit u, Execution x, Instruction i) {
        int size = unit(i);
        long reserved = size == 4 ? 0xFFFF0000L : 0;
        ExtendedState e = u.extended();
        long code = e.getLong(8);
        long data = e.getLong(16);
        int opcode = e.getShort(6) & 0x7FF;
        write(x, i, 0, size, e.controlWord() | reserved);
        write(x, i, size, size, e.statusWord() | reserved);
        write(x, i, 2 * size, size, tagWord(u) | reserved);
        if (isRealLayout(x)) {
            putReal(x, i, size, code, data, opcode);
            return;
        }
        // Selectors are no longer kept (CPUID.7.EBX bit 13): they read as zero.
        write(x, i, 3 * size, size, code);
        write(x, i, 4 * size, size, size == 4 ? (long) opcode << 16 : 0);
        write(x, i, 5 * size, size, data);
        write(x, i, 6 * size, size, reserved);
    }

    private static void putReal(Execution x, Instruction i, int size, long code, long data, int opcode) {
        if (size == 2) {
            write(x, i, 6, 2, code);
            write(x, i, 8, 2, (code >> 4 & 0xF000) | opcode);
            write(x, i, 10, 2, data);
            write(x, i, 12, 2, data >> 4 & 0xF000);
        } else {
            write(x, i, 12, 4, code & 0xFFFF | 0xFFFF0000L);
            write(x, i, 16, 4, (code >> 4 & 0xFFFF000) | opcode);
            write(x, i, 20, 4, data & 0xFFFF | 0xFFFF0000L);
            write(x, i, 24, 4, data >> 4 & 0xFFFF000);
        }
    }

    private static void storeEnvironment(X87Unit u, Execution x, Instruction i) {
        x.segmentation.probe(x.segmentOf(i), x.effective(i), 7 * unit(i), LinearMemory.WRITE);
        putEnvironment(u, x, i);
        u.extended().setControlWord(u.extended().controlWord() | 0x3F);
        u.summarize();
    }

    private static void loadEnvironment(X87Unit u, Execution x, Instruction i) {
        read(x, i, 7 * unit(i) - 1, 1);
        getEnvironment(u, x, i);
    }

    private static void getEnvironment(X87Unit u, Execution x, Instruction i) {
        int size = unit(i);
        ExtendedState e = u.extended();
        int control = (int) read(x, i, 0, 2);
        int status = (int) read(x, i, size, 2);
        int tags = (int) read(x, i, 2 * size, 2);
        long code = read(x, i, 3 * size, size);
        long second = read(x, i, 4 * size, size);
        long data = read(x, i, 5 * size, size);
        long third = read(x, i, 6 * size, 2);
        if (isRealLayout(x)) {
            code = realPointer(code, second, size);
            data = realPointer(data, third, size);
            e.setShort(6, (int) second & 0x7FF);
        } else {
            e.setShort(6, size == 4 ? (int) (second >>> 16) & 0x7FF : 0);
        }
        e.setLong(8, code);
        e.setLong(16, data);
        e.setTop(status >> 11 & 7);
        e.setStatusWord(status);
        e.setTagByte(abridged(tags));
        X87ControlOps.setControlWord(u, control);
    }

    private static long realPointer(long low, long high, int size) {
        long mask = size == 2 ? 0xF000 : 0xFFFF000;
        return low & 0xFFFF | (high & mask) << 4;
    }

    private static int abridged(int tags) {
        int result = 0;
        for (int n = 0; n < 8; n++) {
            if ((tags >> 2 * n & 3) != TAG_EMPTY) {
                result |= 1 << n;
            }
        }
        return result;
    }

    private static void save(X87Unit u, Execution x, Instruction i) {
        int start = 7 * unit(i);
        x.segmentation.probe(x.segmentOf(i), x.effective(i), start + 80, LinearMemory.WRITE);
        putEnvironment(u, x, i);
        for (int st = 0; st < 8; st++) {
            writeRegister(x, i, start + 10 * st, u.significand(st), u.signExponent(st));
        }
        X87ControlOps.initialise(u);
    }

    /** In pairs of bytes: only the environment must be aligned (Intel SDM vol. 3, table 6-7). */
    private static void writeRegister(Execution x, Instruction i, int at, long significand, int signExponent) {
        for (int n = 0; n < 8; n += 2) {
            write(x, i, at + n, 2, significand >>> 8 * n);
        }
        write(x, i, at + 8, 2, signExponent);
    }

    private static long readSignificand(Execution x, Instruction i, int at) {
        long result = 0;
        for (int n = 0; n < 8; n += 2) {
            result |= read(x, i, at + n, 2) << 8 * n;
        }
        return result;
    }

    private static void restore(X87Unit u, Execution x, Instruction i) {
        int start = 7 * unit(i);
        // The last byte first: a fault must come before any change.
        read(x, i, start + 79, 1);
        getEnvironment(u, x, i);
        for (int st = 0; st < 8; st++) {
            long significand = readSignificand(x, i, start + 10 * st);
            int signExponent = (int) read(x, i, start + 10 * st + 8, 2);
            u.extended().setLong(32 + 16 * st, significand);
            u.extended().setLong(40 + 16 * st, signExponent);
        }
    }
}
