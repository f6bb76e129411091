package dev.cloister.emulator.execute;

import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.CpuState;
import dev.cloister.emulator.cpu.Flags;
import dev.cloister.emulator.decode.Instruction;

/** Multiplication and division. */
public final class MultiplyOps {
    private MultiplyOps() {}

    public static void register(HandlerRegistry table) {
        table.put((x, i) -> wide(x, i, false), "mul");
        table.put(MultiplyOps::imul, "imul");
        table.put(MultiplyOps::mulx, "mulx");
        table.put((x, i) -> divide(x, i, false), "div");
        table.put((x, i) -> divide(x, i, true), "idiv");
    }

    private static long high(long a, long b, int size, boolean signed) {
        if (size == 8) {
            return signed ? Math.multiplyHigh(a, b) : Math.unsignedMultiplyHigh(a, b);
        }
        long product = signed ? Execution.signExtend(a, size) * Execution.signExtend(b, size) : a * b;
        return product >> 8 * size & Execution.mask(size);
    }

    private static void flags(CpuState state, long low, int size, boolean overflow) {
        // SF, ZF, AF and PF are undefined; SF and PF follow the low half as on current processors, ZF and AF are
        // cleared.
        long flags = Alu.resultFlags(low, size) & ~Flags.ZF | (overflow ? Flags.CF | Flags.OF : 0);
        state.setRflags(state.rflags() & ~Flags.STATUS | flags);
    }

    private static void wide(Execution x, Instruction i, boolean signed) {
        int size = i.sizes[0];
        long a = x.register(CpuState.RAX, size);
        long b = x.get(i, 0);
        long low = a * b & Execution.mask(size);
        long high = high(a, b, size, signed);
        long expected = signed ? Execution.signExtend(low, size) >> 63 & Execution.mask(size) : 0;
        if (size == 1) {
            x.setRegister(CpuState.RAX, 2, high << 8 | low);
        } else {
            x.setRegister(CpuState.RAX, size, low);
            x.setRegister(CpuState.RDX, size, high);
        }
        flags(x.state, low, size, high != expected);
    }

    private static void imul(Execution x, Instruction i) {
        if (i.operandCount == 1) {
            wide(x, i, true);
            return;
        }
        int size = i.sizes[0];
        long a = x.get(i, i.operandCount - 2) & Execution.mask(size);
        long b = x.get(i, i.operandCount - 1) & Execution.mask(size);
        long low = a * b & Execution.mask(size);
        long expected = Execution.signExtend(low, size) >> 63 & Execution.mask(size);
        x.set(i, 0, low);
        flags(x.state, low, size, high(a, b, size, true) != expected);
    }

    private static void mulx(Execution x, Instruction i) {
        int size = i.sizes[0];
        long a = x.register(CpuState.RDX, size);
        long b = x.get(i, 2);
        long high = high(a, b, size, false);
        x.set(i, 1, a * b);
        x.set(i, 0, high);
    }

    private static void divide(Execution x, Instruction i, boolean signed) {
        int size = i.sizes[0];
        long divisor = x.get(i, 0);
        if (divisor == 0) {
            throw x.fault(CpuException.DE);
        }
        if (size == 8) {
            divide128(x, divisor, signed);
            return;
        }
        long dividend = size == 1
                ? x.register(CpuState.RAX, 2)
                : x.register(CpuState.RDX, size) << 8 * size | x.register(CpuState.RAX, size);
        long quotient;
        long remainder;
        if (signed) {
            long wide = Execution.signExtend(dividend, 2 * size);
            long by = Execution.signExtend(divisor, size);
            quotient = wide / by;
            remainder = wide % by;
            // Long.MIN_VALUE / -1 wraps to itself, which doesn't fit four bytes either.
            require(x, quotient == Execution.signExtend(quotient, size));
        } else {
            quotient = Long.divideUnsigned(dividend, divisor);
            remainder = Long.remainderUnsigned(dividend, divisor);
            require(x, (quotient & ~Execution.mask(size)) == 0);
        }
        store(x, size, quotient, remainder);
    }

    private static void require(Execution x, boolean fits) {
        if (!fits) {
            throw x.fault(CpuException.DE);
        }
    }

    private static void store(Execution x, int size, long quotient, long remainder) {
        if (size == 1) {
            x.setRegister(CpuState.RAX, 2, (remainder & 0xFF) << 8 | quotient & 0xFF);
        } else {
            x.setRegister(CpuState.RAX, size, quotient);
            x.setRegister(CpuState.RDX, size, remainder);
        }
    }

    private static void divide128(Execution x, long divisor, boolean signed) {
        long high = x.state.gprs()[CpuState.RDX];
        long low = x.state.gprs()[CpuState.RAX];
        boolean negative = signed && high < 0;
        boolean opposite = signed && (high ^ divisor) < 0;
        if (negative) {
            low = -low;
            high = low == 0 ? -high : ~high;
        }
        long by = signed && divisor < 0 ? -divisor : divisor;
        require(x, Long.compareUnsigned(high, by) < 0);
        longDivision(x.r, high, low, by);
        long quotient = x.r[0];
        long remainder = x.r[1];
        long signedQuotient = opposite ? -quotient : quotient;
        require(x, !signed || quotient == 0 || signedQuotient < 0 == opposite);
        x.state.gprs()[CpuState.RAX] = signedQuotient;
        x.state.gprs()[CpuState.RDX] = negative ? -remainder : remainder;
    }

    /** Divides a number of 128 bits, whose upper half is less than the divisor; all unsigned. Leaves quotient and remainder. */
    private static void longDivision(long[] into, long high, long low, long by) {
        long quotient = 0;
        long remainder = high;
        if (high == 0) {
            quotient = Long.divideUnsigned(low, by);
            remainder = low - quotient * by;
        } else {
            for (int bit = 63; bit >= 0; bit--) {
                boolean carry = remainder < 0;
                remainder = remainder << 1 | low >>> bit & 1;
                if (carry || Long.compareUnsigned(remainder, by) >= 0) {
                    remainder -= by;
                    quotient |= 1L << bit;
                }
            }
        }
        into[0] = quotient;
        into[1] = remainder;
    }
}
