package dev.cloister.emulator.vector;

import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.HandlerRegistry;
import dev.cloister.emulator.softfloat.FloatFormat;

/** Fused multiply-add (FMA3): three orders of operands, two signs, and the alternating forms. */
final class VectorFmaOps {
    private VectorFmaOps() {}

    static void register(HandlerRegistry table) {
        for (int order : new int[] {132, 213, 231}) {
            for (FloatFormat f : new FloatFormat[] {FloatFormat.F32, FloatFormat.F64}) {
                String packed = order + (f == FloatFormat.F32 ? "ps" : "pd");
                String scalar = order + (f == FloatFormat.F32 ? "ss" : "sd");
                for (String sign : new String[] {"vf", "vfn"}) {
                    boolean negative = sign.equals("vfn");
                    table.put((x, i) -> packed(x, i, order, f, negative, 0), sign + "madd" + packed);
                    table.put((x, i) -> packed(x, i, order, f, negative, 3), sign + "msub" + packed);
                    table.put((x, i) -> scalar(x, i, order, f, negative, 0), sign + "madd" + scalar);
                    table.put((x, i) -> scalar(x, i, order, f, negative, 3), sign + "msub" + scalar);
                }
                table.put((x, i) -> packed(x, i, order, f, false, 1), "vfmaddsub" + packed);
                table.put((x, i) -> packed(x, i, order, f, false, 2), "vfmsubadd" + packed);
            }
        }
    }

    private static void load(Execution x, Instruction i) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 0, x.r);
        VectorUnit.load(x, i, 1, x.a);
        VectorUnit.load(x, i, 2, x.b);
    }

    private static long element(
            Execution x, FloatFormat f, int n, int order, boolean negateProduct, boolean negateAddend) {
        int bits = VectorFloatOps.bits(f);
        long first = Lanes.get(x.r, n, bits);
        long second = Lanes.get(x.a, n, bits);
        long third = Lanes.get(x.b, n, bits);
        return switch (order) {
            case 132 -> x.floats.multiplyAdd(f, first, third, second, negateProduct, negateAddend);
            case 213 -> x.floats.multiplyAdd(f, second, first, third, negateProduct, negateAddend);
            default -> x.floats.multiplyAdd(f, second, third, first, negateProduct, negateAddend);
        };
    }

    /** Bit 0 of {@code subtracts} says that elements with even numbers subtract the addend, bit 1 that those with odd ones do. */
    private static void packed(Execution x, Instruction i, int order, FloatFormat f, boolean negative, int subtracts) {
        load(x, i);
        VectorFloatOps.begin(x);
        int bits = VectorFloatOps.bits(f);
        for (int n = 0; n < 64 / bits * VectorUnit.lanes(i); n++) {
            long value = element(x, f, n, order, negative, (subtracts >> (n & 1) & 1) != 0);
            Lanes.put(x.r, n, bits, value);
        }
        VectorFloatOps.finish(x);
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void scalar(Execution x, Instruction i, int order, FloatFormat f, boolean negative, int subtracts) {
        load(x, i);
        VectorFloatOps.begin(x);
        Lanes.put(x.r, 0, VectorFloatOps.bits(f), element(x, f, 0, order, negative, subtracts != 0));
        VectorFloatOps.finish(x);
        VectorUnit.store(x, i, 0, x.r);
    }
}
