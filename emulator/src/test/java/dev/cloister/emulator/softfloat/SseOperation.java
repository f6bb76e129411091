package dev.cloister.emulator.softfloat;

import static dev.cloister.emulator.softfloat.FloatFormat.F16;
import static dev.cloister.emulator.softfloat.FloatFormat.F32;
import static dev.cloister.emulator.softfloat.FloatFormat.F64;

import java.util.ArrayList;
import java.util.List;

/** The operations of sse.c, in its order. */
record SseOperation(String name, FloatFormat operand, boolean integerOperand, Body body) {
    /** Computes with the soft unit what the instruction leaves in its destination. */
    interface Body {
        long apply(SoftFloat u, long a, long b, long c);
    }

    static final List<SseOperation> ALL = all();

    private static List<SseOperation> all() {
        List<SseOperation> list = new ArrayList<>();
        both(list, F64, "d");
        both(list, F32, "s");
        list.add(new SseOperation("vcvtph2ps", F16, false, (u, a, b, c) -> u.convert(F16, F32, a)));
        list.add(new SseOperation("vcvtps2ph", F32, false, (u, a, b, c) -> u.convert(F32, F16, a)));
        return list;
    }

    private static void both(List<SseOperation> list, FloatFormat f, String suffix) {
        FloatFormat other = f == F64 ? F32 : F64;
        add(list, f, "adds" + suffix, (u, a, b, c) -> u.add(f, a, b));
        add(list, f, "subs" + suffix, (u, a, b, c) -> u.subtract(f, a, b));
        add(list, f, "muls" + suffix, (u, a, b, c) -> u.multiply(f, a, b));
        add(list, f, "divs" + suffix, (u, a, b, c) -> u.divide(f, a, b));
        add(list, f, "sqrts" + suffix, (u, a, b, c) -> u.squareRoot(f, a));
        add(list, f, "mins" + suffix, (u, a, b, c) -> u.minimum(f, a, b));
        add(list, f, "maxs" + suffix, (u, a, b, c) -> u.maximum(f, a, b));
        add(list, f, "vfmadd213s" + suffix, (u, a, b, c) -> u.multiplyAdd(f, b, a, c, false, false));
        add(list, f, "vfmsub213s" + suffix, (u, a, b, c) -> u.multiplyAdd(f, b, a, c, false, true));
        add(list, f, "vfnmadd213s" + suffix, (u, a, b, c) -> u.multiplyAdd(f, b, a, c, true, false));
        add(list, f, "vfnmsub213s" + suffix, (u, a, b, c) -> u.multiplyAdd(f, b, a, c, true, true));
        for (int mode = 0; mode < 4; mode++) {
            int fixed = mode;
            add(list, f, "rounds" + suffix + " " + mode, (u, a, b, c) -> u.integral(f, a, fixed, true));
        }
        add(
                list,
                f,
                "rounds" + suffix + " 12",
                (u, a, b, c) -> u.integral(f, a, u.context().rounding(), false));
        add(list, f, "cvts2si32" + suffix, (u, a, b, c) -> u.toInteger(f, a, false, 32) & 0xFFFFFFFFL);
        add(list, f, "cvts2si64" + suffix, (u, a, b, c) -> u.toInteger(f, a, false, 64));
        add(list, f, "cvtts2si32" + suffix, (u, a, b, c) -> u.toInteger(f, a, true, 32) & 0xFFFFFFFFL);
        add(list, f, "cvtts2si64" + suffix, (u, a, b, c) -> u.toInteger(f, a, true, 64));
        list.add(new SseOperation("cvtsi32s" + suffix, f, true, (u, a, b, c) -> u.fromInteger(f, (int) a)));
        list.add(new SseOperation("cvtsi64s" + suffix, f, true, (u, a, b, c) -> u.fromInteger(f, a)));
        add(list, f, "cvtother" + suffix, (u, a, b, c) -> u.convert(f, other, a));
        add(list, f, "comis" + suffix, (u, a, b, c) -> flags(u.compare(f, a, b, false)));
        add(list, f, "ucomis" + suffix, (u, a, b, c) -> flags(u.compare(f, a, b, true)));
    }

    private static void add(List<SseOperation> list, FloatFormat f, String name, Body body) {
        list.add(new SseOperation(name, f, false, body));
    }

    private static long flags(int order) {
        return switch (order) {
            case -1 -> 1;
            case 0 -> 0x40;
            case 1 -> 0;
            default -> 0x45;
        };
    }

    /** Bits of the result that the operation defines. */
    long resultMask() {
        if (name.startsWith("vcvtps2ph")) {
            return 0xFFFF;
        }
        boolean narrow = name.startsWith("vcvtph2ps") || name.equals("cvtotherd");
        boolean wide = name.contains("2si") || name.equals("cvtothers") || name.contains("comis") || operand == F64;
        return narrow || !wide ? 0xFFFFFFFFL : -1L;
    }
}
