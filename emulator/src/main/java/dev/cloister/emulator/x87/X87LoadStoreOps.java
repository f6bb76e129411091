package dev.cloister.emulator.x87;

import dev.cloister.emulator.cpu.LinearMemory;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.decode.OperandKind;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.HandlerRegistry;
import dev.cloister.emulator.softfloat.FloatContext;
import dev.cloister.emulator.softfloat.FloatFormat;
import dev.cloister.emulator.softfloat.Real;

/** FLD, FST, FILD, FIST, FISTTP, FBLD, FBSTP, FXCH and the constants. */
final class X87LoadStoreOps {
    /** The largest magnitude of 18 decimal digits. */
    private static final long BCD_LIMIT = 999_999_999_999_999_999L;

    private X87LoadStoreOps() {}

    static void register(HandlerRegistry table) {
        table.put(X87Handlers.waiting(X87LoadStoreOps::load), "fld");
        table.put(X87Handlers.waiting((u, x, i) -> store(u, x, i, false)), "fst");
        table.put(X87Handlers.waiting((u, x, i) -> store(u, x, i, true)), "fstp");
        table.put(X87Handlers.waiting((u, x, i) -> storeRegister(u, i.registers[0], true)), "fstp8", "fstp9");
        table.put(X87Handlers.waiting((u, x, i) -> copyAndPop(u, i.registers[0])), "fstp1");
        table.put(X87Handlers.waiting(X87LoadStoreOps::loadInteger), "fild");
        table.put(X87Handlers.waiting((u, x, i) -> storeInteger(u, x, i, false, false)), "fist");
        table.put(X87Handlers.waiting((u, x, i) -> storeInteger(u, x, i, false, true)), "fistp");
        table.put(X87Handlers.waiting((u, x, i) -> storeInteger(u, x, i, true, true)), "fisttp");
        table.put(X87Handlers.waiting(X87LoadStoreOps::loadDecimal), "fbld");
        table.put(X87Handlers.waiting(X87LoadStoreOps::storeDecimal), "fbstp");
        table.put(X87Handlers.waiting((u, x, i) -> exchange(u, i.registers[0])), "fxch", "fxch4", "fxch7");
        constant(table, "fld1", 0, 0x8000000000000000L, 0);
        constant(table, "fldl2t", 1, 0xD49A784BCD1B8AFEL, 0x492BF6FF4DAFDB4DL);
        constant(table, "fldl2e", 0, 0xB8AA3B295C17F0BBL, 0xBE87FED0691D3E89L);
        constant(table, "fldpi", 1, 0xC90FDAA22168C234L, 0xC4C6628B80DC1CD1L);
        constant(table, "fldlg2", -2, 0x9A209A84FBCFF798L, 0x8F8959AC0B7C9178L);
        constant(table, "fldln2", -1, 0xB17217F7D1CF79ABL, 0xC9E3B39803F2F6AFL);
        constant(table, "fldz", 0, 0, 0);
    }

    private static void constant(HandlerRegistry table, String name, int exponent, long high, long low) {
        table.put(
                X87Handlers.waiting((u, x, i) -> {
                    if (u.roomToPush()) {
                        u.r.setFinite(false, exponent, high, low);
                        u.rounding.roundFull(u.r);
                        // Constants are never reported as inexact.
                        u.context.clear();
                        u.push();
                        u.putRounded(0);
                    }
                }),
                name);
    }

    private static void load(X87Unit u, Execution x, Instruction i) {
        if (i.kinds[0] == OperandKind.X87) {
            loadRegister(u, i.registers[0]);
        } else if (i.sizes[0] == 10) {
            int segment = x.segmentOf(i);
            long at = x.effective(i);
            long significand = x.read(segment, at, 8, 0);
            pushBits(u, significand, (int) x.read(segment, at + 8 & Execution.mask(i.addressSize), 2, 0));
        } else {
            X87ArithmeticOps.loadReal(u, x, i, u.r);
            if (u.roomToPush()) {
                convertOperand(u);
            }
        }
    }

    private static void convertOperand(X87Unit u) {
        if (!u.math.nan(u.r, u.r)) {
            u.math.denormal(u.r, u.r);
        }
        // An unmasked denormal exception is reported after the push; only an invalid operand stops it.
        if ((u.context.unmasked() & FloatContext.IE) == 0) {
            u.rounding.roundFull(u.r);
            u.push();
            u.putRounded(0);
        }
    }

    private static void pushBits(X87Unit u, long significand, int signExponent) {
        if (u.roomToPush()) {
            u.push();
            u.put(0, significand, signExponent);
        }
    }

    private static void loadRegister(X87Unit u, int from) {
        if (u.isEmpty(from)) {
            if (u.stackFault(false)) {
                u.push();
                u.putNan(0);
            }
        } else {
            pushBits(u, u.significand(from), u.signExponent(from));
        }
    }

    private static void store(X87Unit u, Execution x, Instruction i, boolean pop) {
        if (i.kinds[0] == OperandKind.X87) {
            storeRegister(u, i.registers[0], pop);
        } else if (i.sizes[0] == 10) {
            storeExtended(u, x, i);
        } else {
            storeReal(u, x, i, pop);
        }
    }

    private static void storeRegister(X87Unit u, int to, boolean pop) {
        boolean done = true;
        if (u.isEmpty(0)) {
            done = u.underflow(to);
        } else {
            u.put(to, u.significand(0), u.signExponent(0));
        }
        if (done && pop) {
            u.pop();
        }
    }

    /** D9 D8+i, which the manual doesn't define: an empty register is no fault. */
    private static void copyAndPop(X87Unit u, int to) {
        if (!u.isEmpty(0)) {
            u.put(to, u.significand(0), u.signExponent(0));
        }
        u.pop();
    }

    private static void storeExtended(X87Unit u, Execution x, Instruction i) {
        long significand = u.significand(0);
        int signExponent = u.signExponent(0);
        boolean write = true;
        if (u.isEmpty(0)) {
            write = u.stackFault(false);
            significand = X87Unit.NAN_SIGNIFICAND;
            signExponent = X87Unit.NAN_EXPONENT;
        }
        if (write) {
            writeTen(x, i, significand, signExponent);
            u.pop();
        }
    }

    private static void writeTen(Execution x, Instruction i, long low, int high) {
        int segment = x.segmentOf(i);
        long at = x.effective(i);
        long end = at + 8 & Execution.mask(i.addressSize);
        x.segmentation.checkAlignment(x.segmentation.linear(segment, at, 8, LinearMemory.WRITE), 8);
        x.segmentation.probe(segment, at, 8, LinearMemory.WRITE);
        x.segmentation.probe(segment, end, 2, LinearMemory.WRITE);
        x.write(segment, at, 8, low);
        x.write(segment, end, 2, high);
    }

    private static void storeReal(X87Unit u, Execution x, Instruction i, boolean pop) {
        FloatFormat f = i.sizes[0] == 4 ? FloatFormat.F32 : FloatFormat.F64;
        boolean write = true;
        if (u.isEmpty(0)) {
            write = u.stackFault(false);
            u.r.setDefaultNan();
        } else {
            u.get(0, u.r);
            u.math.nan(u.r, u.r);
        }
        long bits = u.soft.bits(f, u.r);
        u.c1 = u.context.roundedUp();
        if ((u.context.unmasked() & (FloatContext.OE | FloatContext.UE)) != 0) {
            u.c1 = false;
            u.context.withdraw(FloatContext.PE);
        } else if (write && !u.context.stopped()) {
            x.set(i, 0, bits);
            if (pop) {
                u.pop();
            }
        }
    }

    private static void loadInteger(X87Unit u, Execution x, Instruction i) {
        X87ArithmeticOps.loadInteger(x, i, u.r);
        pushValue(u);
    }

    private static void pushValue(X87Unit u) {
        if (u.roomToPush()) {
            u.rounding.roundFull(u.r);
            u.push();
            u.putRounded(0);
        }
    }

    private static void storeInteger(X87Unit u, Execution x, Instruction i, boolean truncate, boolean pop) {
        int bits = i.sizes[0] * 8;
        boolean write = true;
        long value = -1L << bits - 1;
        if (u.isEmpty(0)) {
            write = u.stackFault(false);
        } else {
            u.get(0, u.a);
            value = u.math.integer(u.a, truncate ? FloatContext.ZERO : u.context.rounding(), bits);
            u.c1 = u.context.roundedUp();
        }
        if (write && !u.context.stopped()) {
            x.set(i, 0, value);
            if (pop) {
                u.pop();
            }
        }
    }

    private static void loadDecimal(X87Unit u, Execution x, Instruction i) {
        int segment = x.segmentOf(i);
        long at = x.effective(i);
        long low = x.read(segment, at, 8, 0);
        int high = (int) x.read(segment, at + 8 & Execution.mask(i.addressSize), 2, 0);
        long value = 0;
        for (int digit = 17; digit >= 0; digit--) {
            long nibble = digit >= 16 ? high >> 4 * (digit - 16) & 15 : low >>> 4 * digit & 15;
            value = value * 10 + nibble;
        }
        u.r.setInteger(value);
        u.r.negative = (high & 0x8000) != 0;
        pushValue(u);
    }

    private static void storeDecimal(X87Unit u, Execution x, Instruction i) {
        boolean write = true;
        long value = Long.MIN_VALUE;
        if (u.isEmpty(0)) {
            write = u.stackFault(false);
        } else {
            u.get(0, u.a);
            value = decimalValue(u, u.a);
        }
        if (!write || u.context.stopped()) {
            return;
        }
        if (value == Long.MIN_VALUE) {
            writeTen(x, i, 0xC000000000000000L, 0xFFFF);
        } else {
            writeDecimal(x, i, Math.abs(value), u.a.negative);
        }
        u.pop();
    }

    /** The rounded integer, or the smallest long where it has more than 18 digits. */
    private static long decimalValue(X87Unit u, Real a) {
        int before = u.context.flags();
        long value = u.math.integer(a, u.context.rounding(), 64);
        u.c1 = u.context.roundedUp();
        if (value == Long.MIN_VALUE || Math.abs(value) > BCD_LIMIT) {
            u.context.clear();
            u.context.raise(before | FloatContext.IE);
            u.c1 = false;
            return Long.MIN_VALUE;
        }
        return value;
    }

    private static void writeDecimal(Execution x, Instruction i, long magnitude, boolean negative) {
        long rest = magnitude;
        long low = 0;
        for (int digit = 0; digit < 16; digit++) {
            low |= rest % 10 << 4 * digit;
            rest /= 10;
        }
        writeTen(x, i, low, (int) (rest % 10 | rest / 10 << 4) | (negative ? 0x8000 : 0));
    }

    private static void exchange(X87Unit u, int with) {
        if (u.isEmpty(0) || u.isEmpty(with)) {
            if (!u.stackFault(false)) {
                return;
            }
            fill(u, 0);
            fill(u, with);
        }
        long significand = u.significand(0);
        int signExponent = u.signExponent(0);
        u.put(0, u.significand(with), u.signExponent(with));
        u.put(with, significand, signExponent);
    }

    private static void fill(X87Unit u, int st) {
        if (u.isEmpty(st)) {
            u.putNan(st);
        }
    }
}
