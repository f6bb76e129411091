package dev.cloister.emulator.vector;

/** Arithmetic on the elements of 64-bit lanes. */
public final class Lanes {
    /** One element to one; arguments are sign-extended, the result is cut. */
    @FunctionalInterface
    public interface Element {
        /**
         * Computes one element.
         *
         * @param a first source
         * @param b second source
         * @return the result, of which the element's bits count
         */
        long apply(long a, long b);
    }

    private static final long TOP_BYTES = 0x8080808080808080L;
    private static final long TOP_WORDS = 0x8000800080008000L;
    private static final long TOP_DWORDS = 0x8000000080000000L;

    private Lanes() {}

    static long signed(long lane, int index, int bits) {
        int shift = 64 - bits;
        return lane >>> index * bits << shift >> shift;
    }

    static long unsigned(long lane, int index, int bits) {
        return lane >>> index * bits & mask(bits);
    }

    static long mask(int bits) {
        return bits == 64 ? -1L : (1L << bits) - 1;
    }

    /** Applies an operation to every element of two lanes. */
    static long map(long a, long b, int bits, Element operation) {
        long result = 0;
        for (int at = 0; at < 64; at += bits) {
            int shift = 64 - bits;
            long value = operation.apply(a >>> at << shift >> shift, b >>> at << shift >> shift);
            result |= (value & mask(bits)) << at;
        }
        return result;
    }

    static long saturate(long value, long low, long high) {
        return Math.max(low, Math.min(high, value));
    }

    /** Cuts to what fits into a signed number of the given width. */
    static long saturate(long value, int bits) {
        long high = (1L << bits - 1) - 1;
        return Math.max(-high - 1, Math.min(high, value));
    }

    /** The highest bit of each element. */
    static long tops(int bits) {
        return switch (bits) {
            case 8 -> TOP_BYTES;
            case 16 -> TOP_WORDS;
            case 32 -> TOP_DWORDS;
            default -> Long.MIN_VALUE;
        };
    }

    /** Elements of ones where the element's highest bit is set, else of zeros. */
    static long spread(long lane, int bits) {
        long ones = (lane & tops(bits)) >>> bits - 1;
        return bits == 64 ? -ones : (ones << bits) - ones;
    }

    static long add(long a, long b, int bits) {
        long top = tops(bits);
        return (a & ~top) + (b & ~top) ^ (a ^ b) & top;
    }

    static long subtract(long a, long b, int bits) {
        long top = tops(bits);
        return (a | top) - (b & ~top) ^ (a ^ ~b) & top;
    }

    static long equal(long a, long b, int bits) {
        long difference = a ^ b;
        long top = tops(bits);
        // The top bit stays clear exactly where the element is zero.
        return ~spread((difference & ~top) + ~top | difference, bits);
    }

    /** Element {@code index} of a register held in lanes. */
    static long get(long[] lanes, int index, int bits) {
        int at = index * bits;
        return lanes[at >> 6] >>> (at & 63) & mask(bits);
    }

    /** As {@link #get}, sign-extended. */
    static long getSigned(long[] lanes, int index, int bits) {
        int at = index * bits;
        return lanes[at >> 6] >>> (at & 63) << 64 - bits >> 64 - bits;
    }

    static void put(long[] lanes, int index, int bits, long value) {
        int at = index * bits;
        int shift = at & 63;
        lanes[at >> 6] = lanes[at >> 6] & ~(mask(bits) << shift) | (value & mask(bits)) << shift;
    }
}
