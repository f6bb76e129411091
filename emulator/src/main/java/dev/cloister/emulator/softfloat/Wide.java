package dev.cloister.emulator.softfloat;

/** Unsigned integers of 128 bits in pairs of longs. */
final class Wide {
    private static final long LOW = 0xFFFFFFFFL;

    private Wide() {}

    /** The quotient of {@code high:low / divisor}; {@code high} below {@code divisor}, whose bit 63 is set. */
    static long divide(long high, long low, long divisor) {
        long d1 = divisor >>> 32;
        long d0 = divisor & LOW;
        long q1 = digit(high, low >>> 32, divisor, d1, d0);
        long rest = (high << 32 | low >>> 32) - q1 * divisor;
        long q0 = digit(rest, low & LOW, divisor, d1, d0);
        return q1 << 32 | q0;
    }

    /** One digit of 32 bits: {@code (high << 32 | next) / divisor} (Knuth, algorithm D). */
    private static long digit(long high, long next, long divisor, long d1, long d0) {
        long q = Long.divideUnsigned(high, d1);
        long r = high - q * d1;
        while (q > LOW || Long.compareUnsigned(q * d0, r << 32 | next) > 0) {
            q--;
            r += d1;
            if (r > LOW) {
                break;
            }
        }
        return q;
    }

    /** The floor of the square root of {@code high:low}, whose bit 127 or 126 is set. */
    static long squareRoot(long high, long low) {
        long root = (long) (Math.sqrt((high >>> 11) * 0x1p11) * 0x1p31) << 1;
        if (root >= 0) {
            root = root > 1L << 62 ? Long.MIN_VALUE : root | 1L << 63;
        }
        // One step of Newton's from 50 good bits; the quotient may not overflow.
        if (Long.compareUnsigned(high, root) < 0) {
            long q = divide(high, low, root);
            root = (root >>> 1) + (q >>> 1) + (root & q & 1);
        } else {
            root = -1L;
        }
        while (squareExceeds(root, high, low)) {
            root--;
        }
        while (root != -1L && !squareExceeds(root + 1, high, low)) {
            root++;
        }
        return root;
    }

    private static boolean squareExceeds(long root, long high, long low) {
        int order = Long.compareUnsigned(Math.unsignedMultiplyHigh(root, root), high);
        return order > 0 || order == 0 && Long.compareUnsigned(root * root, low) > 0;
    }

    /** Bits of {@code high:low} shifted right by {@code count}, upper half. */
    static long shiftHigh(long high, int count) {
        return count >= 64 ? 0 : high >>> count;
    }

    /** Lower half of {@code high:low} shifted right by {@code count}; bit 0 also stands for what was lost. */
    static long shiftLow(long high, long low, int count) {
        if (count == 0) {
            return low;
        }
        if (count < 64) {
            return low >>> count | high << 64 - count | sticky(low << 64 - count);
        }
        if (count == 64) {
            return high | sticky(low);
        }
        if (count < 128) {
            return high >>> count - 64 | sticky(high << 128 - count | low);
        }
        return sticky(high | low);
    }

    static long sticky(long lost) {
        return lost != 0 ? 1 : 0;
    }
}
