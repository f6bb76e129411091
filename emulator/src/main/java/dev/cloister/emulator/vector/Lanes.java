package dev.cloister.emulator.vector;

/** Arithmetic on the elements of 64-bit lanes. */
public final class Lanes {
    /** One element to one; arguments are sign-extended, the result is cut. */
    @FunctionalInterface
    public interface Element {
        long apply(long a, long b);
    }

    private Lanes() {}

    public static long signed(long lane, int index, int bits) {
        int shift = 64 - bits;
        return lane >>> index * bits << shift >> shift;
    }

    public static long unsigned(long lane, int index, int bits) {
        return lane >>> index * bits & mask(bits);
    }

    public static long mask(int bits) {
        return bits == 64 ? -1L : (1L << bits) - 1;
    }

    /** Applies an operation to every element of two lanes. */
    public static long map(long a, long b, int bits, Element operation) {
        long result = 0;
        for (int n = 0; n < 64 / bits; n++) {
            long value = operation.apply(signed(a, n, bits), signed(b, n, bits));
            result |= (value & mask(bits)) << n * bits;
        }
        return result;
    }

    public static long saturate(long value, long low, long high) {
        return Math.max(low, Math.min(high, value));
    }

    /** Element {@code index} of a register held in lanes. */
    public static long get(long[] lanes, int index, int bits) {
        int perLane = 64 / bits;
        return unsigned(lanes[index / perLane], index % perLane, bits);
    }

    public static void put(long[] lanes, int index, int bits, long value) {
        int perLane = 64 / bits;
        int shift = index % perLane * bits;
        lanes[index / perLane] = lanes[index / perLane] & ~(mask(bits) << shift) | (value & mask(bits)) << shift;
    }
}
