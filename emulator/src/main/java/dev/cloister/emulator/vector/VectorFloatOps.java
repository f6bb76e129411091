package dev.cloister.emulator.vector;

import dev.cloister.emulator.cpu.ControlBits;
import dev.cloister.emulator.cpu.CpuException;
import dev.cloister.emulator.cpu.ExtendedState;
import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.HandlerRegistry;
import dev.cloister.emulator.softfloat.FloatContext;
import dev.cloister.emulator.softfloat.FloatFormat;

/** Packed and scalar arithmetic of SSE, SSE2, SSE3 and AVX, and its exceptions (Intel SDM vol. 1, 11.5). */
final class VectorFloatOps {
    /** One element from two. */
    @FunctionalInterface
    interface Operation {
        long apply(FloatArithmetic u, FloatFormat f, long a, long b);
    }

    private VectorFloatOps() {}

    static void register(HandlerRegistry table) {
        all(table, "add", FloatArithmetic::add);
        all(table, "sub", FloatArithmetic::subtract);
        all(table, "mul", FloatArithmetic::multiply);
        all(table, "div", FloatArithmetic::divide);
        all(table, "min", FloatArithmetic::minimum);
        all(table, "max", FloatArithmetic::maximum);
        all(table, "sqrt", FloatArithmetic::squareRoot);
        for (FloatFormat f : new FloatFormat[] {FloatFormat.F32, FloatFormat.F64}) {
            String packed = f == FloatFormat.F32 ? "ps" : "pd";
            table.put((x, i) -> alternate(x, i, f), "addsub" + packed, "vaddsub" + packed);
            table.put((x, i) -> pairs(x, i, f, FloatArithmetic::add), "hadd" + packed, "vhadd" + packed);
            table.put((x, i) -> pairs(x, i, f, FloatArithmetic::subtract), "hsub" + packed, "vhsub" + packed);
            table.put((x, i) -> dotProduct(x, i, f), "dp" + packed, "vdp" + packed);
            table.put((x, i) -> roundPacked(x, i, f), "round" + packed, "vround" + packed);
            String scalar = f == FloatFormat.F32 ? "ss" : "sd";
            table.put((x, i) -> roundScalar(x, i, f), "round" + scalar, "vround" + scalar);
        }
    }

    static int bits(FloatFormat f) {
        return f == FloatFormat.F64 ? 64 : f == FloatFormat.F32 ? 32 : 16;
    }

    private static void all(HandlerRegistry table, String name, Operation operation) {
        table.put((x, i) -> packed(x, i, FloatFormat.F32, operation), name + "ps", "v" + name + "ps");
        table.put((x, i) -> packed(x, i, FloatFormat.F64, operation), name + "pd", "v" + name + "pd");
        table.put((x, i) -> scalar(x, i, FloatFormat.F32, operation), name + "ss", "v" + name + "ss");
        table.put((x, i) -> scalar(x, i, FloatFormat.F64, operation), name + "sd", "v" + name + "sd");
    }

    /** Makes the processor's arithmetic ready for one instruction. */
    static FloatArithmetic begin(Execution x) {
        x.floats.begin(x.state.extended().mxcsr());
        return x.floats;
    }

    /** Adds the flags to MXCSR; an unmasked one faults, with the flags set and the destination unchanged. */
    static void finish(Execution x) {
        FloatContext context = x.floats.context();
        int flags = context.flags();
        if (flags == 0) {
            return;
        }
        ExtendedState state = x.state.extended();
        state.setMxcsr(state.mxcsr() | flags);
        if (context.unmasked() != 0) {
            boolean handled = (x.state.cr4() & ControlBits.CR4_OSXMMEXCPT) != 0;
            throw x.fault(handled ? CpuException.XM : CpuException.UD);
        }
    }

    private static void packed(Execution x, Instruction i, FloatFormat f, Operation operation) {
        VectorUnit.loadSources(x, i);
        FloatArithmetic u = begin(x);
        int lanes = VectorUnit.lanes(i);
        for (int k = 0; k < lanes; k++) {
            x.r[k] = lane(u, f, operation, x.a[k], x.b[k]);
        }
        finish(x);
        VectorUnit.store(x, i, 0, x.r);
    }

    private static long lane(FloatArithmetic u, FloatFormat f, Operation operation, long a, long b) {
        if (f == FloatFormat.F64) {
            return operation.apply(u, f, a, b);
        }
        long low = operation.apply(u, f, a & 0xFFFFFFFFL, b & 0xFFFFFFFFL);
        return low | operation.apply(u, f, a >>> 32, b >>> 32) << 32;
    }

    /** The lowest element; the rest comes from the first source. */
    private static void scalar(Execution x, Instruction i, FloatFormat f, Operation operation) {
        VectorUnit.loadSources(x, i);
        FloatArithmetic u = begin(x);
        long mask = Lanes.mask(bits(f));
        long value = operation.apply(u, f, x.a[0] & mask, x.b[0] & mask);
        finish(x);
        x.a[0] = x.a[0] & ~mask | value;
        VectorUnit.store(x, i, 0, x.a);
    }

    /** Subtracts the elements with even numbers and adds the others. */
    private static void alternate(Execution x, Instruction i, FloatFormat f) {
        VectorUnit.loadSources(x, i);
        FloatArithmetic u = begin(x);
        int bits = bits(f);
        for (int n = 0; n < 64 / bits * VectorUnit.lanes(i); n++) {
            long a = Lanes.get(x.a, n, bits);
            long b = Lanes.get(x.b, n, bits);
            Lanes.put(x.r, n, bits, (n & 1) == 0 ? u.subtract(f, a, b) : u.add(f, a, b));
        }
        finish(x);
        VectorUnit.store(x, i, 0, x.r);
    }

    /** Neighbours of the first source give the lower half of each 128-bit lane, those of the second the upper. */
    private static void pairs(Execution x, Instruction i, FloatFormat f, Operation operation) {
        VectorUnit.loadSources(x, i);
        FloatArithmetic u = begin(x);
        int bits = bits(f);
        int elements = 128 / bits;
        for (int n = 0; n < 64 / bits * VectorUnit.lanes(i); n++) {
            int base = n & -elements;
            int within = 2 * (n - base);
            long[] source = within < elements ? x.a : x.b;
            int from = base + (within & elements - 1);
            Lanes.put(
                    x.r,
                    n,
                    bits,
                    operation.apply(u, f, Lanes.get(source, from, bits), Lanes.get(source, from + 1, bits)));
        }
        finish(x);
        VectorUnit.store(x, i, 0, x.r);
    }

    /**
     * The upper four bits of the immediate choose products, the lower where their sum goes. Real processors multiply, then add each
     * element's neighbour to it, then the other pair's sum; every step may fault, and the order chooses between NaNs.
     */
    private static void dotProduct(Execution x, Instruction i, FloatFormat f) {
        VectorUnit.loadSourcesBeforeLast(x, i);
        FloatArithmetic u = begin(x);
        int bits = bits(f);
        int count = 64 / bits * VectorUnit.lanes(i);
        int within = 128 / bits - 1;
        for (int n = 0; n < count; n++) {
            boolean chosen = (i.immediate >> 4 + (n & within) & 1) != 0;
            long product = chosen ? u.multiply(f, Lanes.get(x.a, n, bits), Lanes.get(x.b, n, bits)) : 0;
            Lanes.put(x.r, n, bits, product);
        }
        finish(x);
        for (int distance = 1; distance <= within; distance *= 2) {
            System.arraycopy(x.r, 0, x.a, 0, 4);
            for (int n = 0; n < count; n++) {
                int neighbourFirst = f == FloatFormat.F32 && distance == 1 ? 1 : 0;
                int first = n ^ neighbourFirst;
                Lanes.put(x.r, n, bits, u.add(f, Lanes.get(x.a, first, bits), Lanes.get(x.a, first ^ distance, bits)));
            }
            finish(x);
        }
        for (int n = 0; n < count; n++) {
            if ((i.immediate >> (n & within) & 1) == 0) {
                Lanes.put(x.r, n, bits, 0);
            }
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static long round(FloatArithmetic u, FloatFormat f, long value, int control) {
        int mode = (control & 4) != 0 ? u.context().rounding() : control & 3;
        return u.integral(f, value, mode, (control & 8) == 0);
    }

    private static void roundPacked(Execution x, Instruction i, FloatFormat f) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 1, x.b);
        FloatArithmetic u = begin(x);
        int bits = bits(f);
        for (int n = 0; n < 64 / bits * VectorUnit.lanes(i); n++) {
            Lanes.put(x.r, n, bits, round(u, f, Lanes.get(x.b, n, bits), (int) i.immediate));
        }
        finish(x);
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void roundScalar(Execution x, Instruction i, FloatFormat f) {
        VectorUnit.loadSourcesBeforeLast(x, i);
        FloatArithmetic u = begin(x);
        long mask = Lanes.mask(bits(f));
        long value = round(u, f, x.b[0] & mask, (int) i.immediate);
        finish(x);
        x.a[0] = x.a[0] & ~mask | value;
        VectorUnit.store(x, i, 0, x.a);
    }
}
