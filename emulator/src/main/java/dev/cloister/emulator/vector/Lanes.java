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

    /** The same element everywhere. */
    static long repeat(long element, int bits) {
        return (tops(bits) >>> bits - 1) * element;
    }

    /** Elements of ones where {@code a} is less than {@code b}, both unsigned: where a subtraction borrows. */
    static long below(long a, long b, int bits) {
        return spread(~a & b | (~a | b) & subtract(a, b, bits), bits);
    }

    /** As {@link #below}, signed. */
    static long less(long a, long b, int bits) {
        long top = tops(bits);
        return below(a ^ top, b ^ top, bits);
    }

    /** Elements of the second lane where the mask has ones, of the first elsewhere. */
    static long choose(long first, long second, long mask) {
        return first & ~mask | second & mask;
    }

    static long shiftLeft(long lane, int count, int bits) {
        return lane << count & repeat(mask(bits) << count & mask(bits), bits);
    }

    static long shiftRight(long lane, int count, int bits) {
        return lane >>> count & repeat(mask(bits) >>> count, bits);
    }

    /** The low half of two lanes, element by element in turn. */
    static long interleave(long a, long b, int bits) {
        return widen(a, bits) | widen(b, bits) << bits;
    }

    private static long widen(long lane, int bits) {
        long wide = lane & 0xFFFFFFFFL;
        if (bits <= 16) {
            wide = (wide | wide << 16) & 0x0000FFFF0000FFFFL;
        }
        return bits == 8 ? (wide | wide << 8) & 0x00FF00FF00FF00FFL : wide;
    }

    /** The highest bits of all elements, lowest element first. */
    static int signs(long lane, int bits) {
        long ones = (lane & tops(bits)) >>> bits - 1;
        return switch (bits) {
            // Every bit meets the top byte in its own place, and no sum carries.
            case 8 -> (int) (ones * 0x0102040810204080L >>> 56);
            case 32 -> (int) (ones | ones >>> 31) & 3;
            default -> (int) ones;
        };
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
