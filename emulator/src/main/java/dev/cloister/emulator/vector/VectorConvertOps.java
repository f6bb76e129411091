package dev.cloister.emulator.vector;

import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.HandlerRegistry;
import dev.cloister.emulator.softfloat.FloatContext;
import dev.cloister.emulator.softfloat.FloatFormat;

/** Conversions between integers and floating point, and between floating-point formats, packed and scalar. */
final class VectorConvertOps {
    private static final FloatFormat F16 = FloatFormat.F16;
    private static final FloatFormat F32 = FloatFormat.F32;
    private static final FloatFormat F64 = FloatFormat.F64;

    /** Converts one element; integers come sign-extended. */
    @FunctionalInterface
    private interface Conversion {
        long apply(FloatArithmetic u, long value);
    }

    private VectorConvertOps() {}

    static void register(HandlerRegistry table) {
        packed(table, "cvtdq2ps", 32, 32, fromInteger(F32));
        packed(table, "cvtdq2pd", 32, 64, fromInteger(F64));
        packed(table, "cvtps2dq", 32, 32, toInteger(F32, false));
        packed(table, "cvttps2dq", 32, 32, toInteger(F32, true));
        packed(table, "cvtpd2dq", 64, 32, toInteger(F64, false));
        packed(table, "cvttpd2dq", 64, 32, toInteger(F64, true));
        packed(table, "cvtps2pd", 32, 64, between(F32, F64));
        packed(table, "cvtpd2ps", 64, 32, between(F64, F32));
        mmx(table, "cvtpi2ps", 32, 32, fromInteger(F32));
        mmx(table, "cvtpi2pd", 32, 64, fromInteger(F64));
        mmx(table, "cvtps2pi", 32, 32, toInteger(F32, false));
        mmx(table, "cvttps2pi", 32, 32, toInteger(F32, true));
        mmx(table, "cvtpd2pi", 64, 32, toInteger(F64, false));
        mmx(table, "cvttpd2pi", 64, 32, toInteger(F64, true));
        scalars(table);
        Conversion widen = (u, value) -> u.soft().convert(F16, F32, value & 0xFFFF);
        table.put((x, i) -> convert(x, i, 16, 32, widen), "vcvtph2ps");
        table.put(VectorConvertOps::toHalf, "vcvtps2ph");
    }

    private static void scalars(HandlerRegistry table) {
        table.put((x, i) -> fromGeneral(x, i, F32), "cvtsi2ss", "vcvtsi2ss");
        table.put((x, i) -> fromGeneral(x, i, F64), "cvtsi2sd", "vcvtsi2sd");
        table.put((x, i) -> toGeneral(x, i, F32, false), "cvtss2si", "vcvtss2si");
        table.put((x, i) -> toGeneral(x, i, F32, true), "cvttss2si", "vcvttss2si");
        table.put((x, i) -> toGeneral(x, i, F64, false), "cvtsd2si", "vcvtsd2si");
        table.put((x, i) -> toGeneral(x, i, F64, true), "cvttsd2si", "vcvttsd2si");
        table.put((x, i) -> scalar(x, i, F32, F64), "cvtss2sd", "vcvtss2sd");
        table.put((x, i) -> scalar(x, i, F64, F32), "cvtsd2ss", "vcvtsd2ss");
    }

    private static Conversion fromInteger(FloatFormat f) {
        return (u, value) -> u.fromInteger(f, value);
    }

    private static Conversion toInteger(FloatFormat f, boolean truncate) {
        return (u, value) -> u.toInteger(f, value & Lanes.mask(VectorFloatOps.bits(f)), truncate, 32);
    }

    private static Conversion between(FloatFormat from, FloatFormat to) {
        return (u, value) -> u.convert(from, to, value & Lanes.mask(VectorFloatOps.bits(from)));
    }

    private static void packed(HandlerRegistry table, String name, int from, int to, Conversion conversion) {
        table.put((x, i) -> convert(x, i, from, to, conversion), name, "v" + name);
    }

    private static void mmx(HandlerRegistry table, String name, int from, int to, Conversion conversion) {
        table.put((x, i) -> mmx(x, i, from, to, conversion), name);
    }

    private static void elements(Execution x, int count, int from, int to, Conversion conversion) {
        FloatArithmetic u = VectorFloatOps.begin(x);
        for (int n = 0; n < count; n++) {
            Lanes.put(x.r, n, to, conversion.apply(u, Lanes.getSigned(x.b, n, from)));
        }
    }

    /** As many elements as fit into a vector on the wider side; the rest of the destination becomes zero. */
    private static void convert(Execution x, Instruction i, int from, int to, Conversion conversion) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 1, x.b);
        java.util.Arrays.fill(x.r, 0);
        elements(x, (i.vectorLength == 0 ? 128 : 256) / Math.max(from, to), from, to, conversion);
        VectorFloatOps.finish(x);
        VectorUnit.store(x, i, 0, x.r);
    }

    /** Two elements; what they don't fill of an XMM register stays. */
    private static void mmx(Execution x, Instruction i, int from, int to, Conversion conversion) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 0, x.r);
        VectorUnit.load(x, i, 1, x.b);
        elements(x, 2, from, to, conversion);
        // Real processors have left the x87 state behind also where the conversion then faults.
        VectorUnit.enterMmx(x, i);
        VectorFloatOps.finish(x);
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void fromGeneral(Execution x, Instruction i, FloatFormat f) {
        VectorUnit.check(x, i);
        int last = i.operandCount - 1;
        VectorUnit.load(x, i, last - 1, x.a);
        long value = Execution.signExtend(x.get(i, last), i.sizes[last]);
        long mask = Lanes.mask(VectorFloatOps.bits(f));
        value = VectorFloatOps.begin(x).fromInteger(f, value);
        VectorFloatOps.finish(x);
        x.a[0] = x.a[0] & ~mask | value;
        VectorUnit.store(x, i, 0, x.a);
    }

    private static void toGeneral(Execution x, Instruction i, FloatFormat f, boolean truncate) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 1, x.b);
        long source = x.b[0] & Lanes.mask(VectorFloatOps.bits(f));
        long value = VectorFloatOps.begin(x).toInteger(f, source, truncate, 8 * i.sizes[0]);
        VectorFloatOps.finish(x);
        x.set(i, 0, value);
    }

    private static void scalar(Execution x, Instruction i, FloatFormat from, FloatFormat to) {
        VectorUnit.loadSources(x, i);
        long mask = Lanes.mask(VectorFloatOps.bits(to));
        long source = x.b[0] & Lanes.mask(VectorFloatOps.bits(from));
        long value = VectorFloatOps.begin(x).convert(from, to, source);
        VectorFloatOps.finish(x);
        x.a[0] = x.a[0] & ~mask | value;
        VectorUnit.store(x, i, 0, x.a);
    }

    /** The immediate may choose another rounding mode. */
    private static void toHalf(Execution x, Instruction i) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 1, x.b);
        java.util.Arrays.fill(x.r, 0);
        FloatArithmetic u = VectorFloatOps.begin(x);
        FloatContext context = u.context();
        if ((i.immediate & 4) == 0) {
            context.setRounding((int) i.immediate & 3);
        }
        for (int n = 0; n < (i.vectorLength == 0 ? 4 : 8); n++) {
            Lanes.put(x.r, n, 16, u.soft().convert(F32, F16, Lanes.get(x.b, n, 32)));
        }
        VectorFloatOps.finish(x);
        VectorUnit.store(x, i, 0, x.r);
    }
}
