package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.decode.Instruction;

/** Shifts, rotates and double shifts (Intel SDM vol. 2, RCL/RCR/ROL/ROR, SAL/SAR/SHL/SHR, SHLD, SHRD). */
public final class ShiftOps {
    private ShiftOps() {}

    /** A shift by a count that is already masked and not zero. */
    @FunctionalInterface
    private interface Shift {
        long apply(CpuState state, long value, int count, int size);
    }

    public static void register(HandlerRegistry table) {
        table.put(shift(ShiftOps::rol), "rol");
        table.put(shift(ShiftOps::ror), "ror");
        table.put(shift(ShiftOps::rcl), "rcl");
        table.put(shift(ShiftOps::rcr), "rcr");
        table.put(shift(ShiftOps::shl), "shl");
        table.put(shift(ShiftOps::shr), "shr");
        table.put(shift(ShiftOps::sar), "sar");
        table.put((x, i) -> doubleShift(x, i, true), "shld");
        table.put((x, i) -> doubleShift(x, i, false), "shrd");
        table.put((x, i) -> x.set(i, 0, x.get(i, 1) << count(x, i)), "shlx");
        table.put((x, i) -> x.set(i, 0, x.get(i, 1) >>> count(x, i)), "shrx");
        table.put((x, i) -> x.set(i, 0, Execution.signExtend(x.get(i, 1), i.sizes[0]) >> count(x, i)), "sarx");
        table.put(ShiftOps::rorx, "rorx");
    }

    private static int count(Execution x, Instruction i) {
        return (int) x.get(i, i.operandCount - 1) & (i.sizes[0] == 8 ? 63 : 31);
    }

    private static Handler shift(Shift shift) {
        return (x, i) -> {
            int count = count(x, i);
            long value = x.getForWrite(i, 0);
            // A count of zero changes no flag, but a 32-bit register is still written (its upper half cleared).
            x.set(i, 0, count == 0 ? value : shift.apply(x.state, value, count, i.sizes[0]));
        };
    }

    private static void carryAndOverflow(CpuState state, boolean carry, boolean overflow) {
        Alu.setFlag(state, Flags.CF, carry);
        Alu.setFlag(state, Flags.OF, overflow);
    }

    private static boolean top(long value, int size) {
        return (value & Alu.signBit(size)) != 0;
    }

    private static long rol(CpuState state, long value, int count, int size) {
        int width = 8 * size;
        int n = count % width;
        long r = n == 0 ? value : (value << n | value >>> width - n) & Execution.mask(size);
        boolean carry = (r & 1) != 0;
        carryAndOverflow(state, carry, top(r, size) != carry);
        return r;
    }

    private static long ror(CpuState state, long value, int count, int size) {
        int width = 8 * size;
        int n = count % width;
        long r = n == 0 ? value : (value >>> n | value << width - n) & Execution.mask(size);
        carryAndOverflow(state, top(r, size), top(r, size) != top(r << 1, size));
        return r;
    }

    private static long rcl(CpuState state, long value, int count, int size) {
        int n = count % (8 * size + 1);
        long r = value;
        boolean carry = state.flag(Flags.CF);
        for (int k = 0; k < n; k++) {
            boolean out = top(r, size);
            r = r << 1 & Execution.mask(size) | (carry ? 1 : 0);
            carry = out;
        }
        carryAndOverflow(state, carry, top(r, size) != carry);
        return r;
    }

    private static long rcr(CpuState state, long value, int count, int size) {
        int n = count % (8 * size + 1);
        long r = value;
        boolean carry = state.flag(Flags.CF);
        for (int k = 0; k < n; k++) {
            boolean out = (r & 1) != 0;
            r = r >>> 1 | (carry ? Alu.signBit(size) : 0);
            carry = out;
        }
        carryAndOverflow(state, carry, top(r, size) != top(r << 1, size));
        return r;
    }

    private static void finish(CpuState state, long r, int size, boolean carry, boolean overflow) {
        long flags = Alu.resultFlags(r, size) | (carry ? Flags.CF : 0) | (overflow ? Flags.OF : 0);
        state.setRflags(state.rflags() & ~Flags.STATUS | flags);
    }

    private static long shl(CpuState state, long value, int count, int size) {
        int width = 8 * size;
        boolean carry = count <= width && (value >>> width - count & 1) != 0;
        long r = value << count & Execution.mask(size);
        finish(state, r, size, carry, top(r, size) != carry);
        return r;
    }

    private static long shr(CpuState state, long value, int count, int size) {
        boolean carry = (value >>> count - 1 & 1) != 0;
        long r = value >>> count;
        finish(state, r, size, carry, top(value, size) && count == 1);
        return r;
    }

    private static long sar(CpuState state, long value, int count, int size) {
        long wide = Execution.signExtend(value, size);
        boolean carry = (wide >> Math.min(count - 1, 63) & 1) != 0;
        long r = wide >> count & Execution.mask(size);
        finish(state, r, size, carry, false);
        return r;
    }

    /** A 16-bit double shift by more than 16 is undefined; here the operands repeat, as processors do it. */
    private static void doubleShift(Execution x, Instruction i, boolean left) {
        int size = i.sizes[0];
        int width = 8 * size;
        int count = count(x, i);
        long value = x.getForWrite(i, 0);
        if (count == 0) {
            x.set(i, 0, value);
            return;
        }
        long fill = x.get(i, 1);
        long r;
        boolean carry;
        if (size == 2) {
            long wide = value << 32 | fill << 16 | value;
            r = (left ? wide >>> 32 - count : wide >>> count) & 0xFFFF;
            carry = (wide >>> (left ? 48 - count : count - 1) & 1) != 0;
        } else {
            r = (left ? value << count | fill >>> width - count : value >>> count | fill << width - count)
                    & Execution.mask(size);
            carry = (value >>> (left ? width - count : count - 1) & 1) != 0;
        }
        finish(x.state, r, size, carry, top(r ^ value, size));
        x.set(i, 0, r);
    }

    private static void rorx(Execution x, Instruction i) {
        long value = x.get(i, 1);
        int count = count(x, i);
        x.set(i, 0, i.sizes[0] == 8 ? Long.rotateRight(value, count) : Integer.rotateRight((int) value, count));
    }
}
