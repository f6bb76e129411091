package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;

/** Arithmetic on 1-, 2-, 4- and 8-byte numbers with the status flags that it leaves (Intel SDM vol. 1, 3.4.3.1). */
public final class Alu {
    private Alu() {}

    private static void put(CpuState state, long flags) {
        state.setRflags(state.rflags() & ~Flags.STATUS | flags);
    }

    public static long signBit(int size) {
        return 1L << 8 * size - 1;
    }

    /** SF, ZF and PF of a result. */
    public static long resultFlags(long result, int size) {
        long flags = (result & signBit(size)) != 0 ? Flags.SF : 0;
        if ((result & Execution.mask(size)) == 0) {
            flags |= Flags.ZF;
        }
        return (Long.bitCount(result & 0xFF) & 1) == 0 ? flags | Flags.PF : flags;
    }

    public static long add(CpuState state, long a, long b, long carry, int size) {
        long r = a + b + carry & Execution.mask(size);
        // The carry out of each bit, from the operands and the sum (Hacker's Delight's form).
        long carries = a & b | (a | b) & ~r;
        long flags = resultFlags(r, size);
        flags |= (carries & signBit(size)) != 0 ? Flags.CF : 0;
        put(state, overflow(flags, (a ^ r) & (b ^ r), size) | (a ^ b ^ r) & Flags.AF);
        return r;
    }

    public static long sub(CpuState state, long a, long b, long borrow, int size) {
        long r = a - b - borrow & Execution.mask(size);
        long borrows = ~a & b | (~a | b) & r;
        long flags = resultFlags(r, size);
        flags |= (borrows & signBit(size)) != 0 ? Flags.CF : 0;
        put(state, overflow(flags, (a ^ b) & (a ^ r), size) | (a ^ b ^ r) & Flags.AF);
        return r;
    }

    private static long overflow(long flags, long sign, int size) {
        long clean = flags & Flags.STATUS & ~Flags.OF;
        return (sign & signBit(size)) != 0 ? clean | Flags.OF : clean;
    }

    /** Flags of AND, OR, XOR and TEST: CF, OF and (by this processor's choice) AF are cleared. */
    public static long logic(CpuState state, long r, int size) {
        put(state, resultFlags(r, size));
        return r & Execution.mask(size);
    }

    public static long inc(CpuState state, long a, int size) {
        long carry = state.rflags() & Flags.CF;
        long r = add(state, a, 1, 0, size);
        state.setRflags(state.rflags() & ~Flags.CF | carry);
        return r;
    }

    public static long dec(CpuState state, long a, int size) {
        long carry = state.rflags() & Flags.CF;
        long r = sub(state, a, 1, 0, size);
        state.setRflags(state.rflags() & ~Flags.CF | carry);
        return r;
    }

    public static void setFlag(CpuState state, long flag, boolean on) {
        state.setRflags(on ? state.rflags() | flag : state.rflags() & ~flag);
    }
}
