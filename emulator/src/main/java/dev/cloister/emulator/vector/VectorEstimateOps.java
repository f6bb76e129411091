package dev.cloister.emulator.vector;

import dev.cloister.emulator.decode.Instruction;
import dev.cloister.emulator.execute.Execution;
import dev.cloister.emulator.execute.HandlerRegistry;

/**
 * RCPPS, RSQRTPS and their scalar forms. The manual bounds the relative error only (1.5 * 2^-12); this is what Intel's processors return:
 * the function of the middle of the interval that the leading bits of the significand name, rounded to 12 bits. No flag is ever raised,
 * and denormals count as zeros.
 */
final class VectorEstimateOps {
    private static final int SIGN = 0x80000000;
    private static final int INFINITY = 0x7F800000;
    private static final int QUIET = 0x400000;
    private static final int DEFAULT_NAN = 0xFFC00000;

    /** One F32 to one. */
    @FunctionalInterface
    private interface Estimate {
        int apply(int bits);
    }

    private VectorEstimateOps() {}

    static void register(HandlerRegistry table) {
        table.put((x, i) -> packed(x, i, VectorEstimateOps::reciprocal), "rcpps", "vrcpps");
        table.put((x, i) -> scalar(x, i, VectorEstimateOps::reciprocal), "rcpss", "vrcpss");
        table.put((x, i) -> packed(x, i, VectorEstimateOps::reciprocalRoot), "rsqrtps", "vrsqrtps");
        table.put((x, i) -> scalar(x, i, VectorEstimateOps::reciprocalRoot), "rsqrtss", "vrsqrtss");
    }

    private static void packed(Execution x, Instruction i, Estimate estimate) {
        VectorUnit.check(x, i);
        VectorUnit.load(x, i, 1, x.b);
        for (int n = 0; n < 2 * VectorUnit.lanes(i); n++) {
            Lanes.put(x.r, n, 32, estimate.apply((int) Lanes.get(x.b, n, 32)));
        }
        VectorUnit.store(x, i, 0, x.r);
    }

    private static void scalar(Execution x, Instruction i, Estimate estimate) {
        VectorUnit.loadSources(x, i);
        Lanes.put(x.a, 0, 32, estimate.apply((int) x.b[0]));
        VectorUnit.store(x, i, 0, x.a);
    }

    private static boolean isNan(int bits) {
        return (bits & ~SIGN) > INFINITY;
    }

    /** An estimate of 12 bits, of which the highest is set, times 2^-13, scaled. */
    private static int number(long estimate, int exponent) {
        return exponent << 23 | (int) (estimate & 0xFFF) << 11;
    }

    private static int reciprocal(int bits) {
        int sign = bits & SIGN;
        int exponent = bits >>> 23 & 0xFF;
        if (isNan(bits)) {
            return bits | QUIET;
        }
        if (exponent == 0) {
            return sign | INFINITY;
        }
        // From 2^126 on the result would be denormal, and is a zero.
        if (exponent >= 253) {
            return sign;
        }
        long middle = 4097 + 2 * (bits >> 12 & 0x7FF);
        return sign | number(((1L << 26) + middle) / (2 * middle), 253 - exponent);
    }

    private static int reciprocalRoot(int bits) {
        int exponent = bits >>> 23 & 0xFF;
        if (isNan(bits)) {
            return bits | QUIET;
        }
        if (exponent == 0) {
            return bits & SIGN | INFINITY;
        }
        if (bits < 0) {
            return DEFAULT_NAN;
        }
        if (bits == INFINITY) {
            return 0;
        }
        boolean odd = (exponent & 1) != 0;
        double middle = (2049 + 2 * (bits >> 13 & 0x3FF)) / (odd ? 2048.0 : 1024.0);
        int unbiased = exponent - (odd ? 127 : 128);
        return number(Math.round(0x1p13 / Math.sqrt(middle)), 126 - unbiased / 2);
    }
}
