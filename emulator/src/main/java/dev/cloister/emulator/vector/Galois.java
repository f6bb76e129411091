package dev.cloister.emulator.vector;

/** Arithmetic in the field of 256 elements that AES and GFNI use, and multiplication without carries. */
final class Galois {
    private static final int POLYNOMIAL = 0x11B;

    private static final byte[] INVERSES = new byte[256];

    static {
        for (int a = 1; a < 256; a++) {
            int b = 1;
            while (multiply(a, b) != 1) {
                b++;
            }
            INVERSES[a] = (byte) b;
        }
    }

    private Galois() {}

    /** The product of two elements. */
    static int multiply(int a, int b) {
        int product = 0;
        int shifted = a;
        for (int bit = 0; bit < 8; bit++) {
            product ^= shifted & -(b >> bit & 1);
            shifted = shifted << 1 ^ POLYNOMIAL & -(shifted >> 7 & 1);
        }
        return product;
    }

    /** The element whose product with {@code a} is 1; 0 for 0. */
    static int inverse(int a) {
        return INVERSES[a] & 0xFF;
    }

    /** One byte through an 8 by 8 bit matrix: row {@code n} from the top gives bit {@code 7 - n} counted from the lowest byte. */
    static int affine(long matrix, int value, int addend) {
        int result = 0;
        for (int bit = 0; bit < 8; bit++) {
            int row = (int) (matrix >>> 8 * (7 - bit)) & 0xFF;
            result |= (Integer.bitCount(row & value) & 1) << bit;
        }
        return result ^ addend;
    }

    /** Multiplies without carries: the 127-bit product goes to two lanes. */
    static void multiplyCarryless(long a, long b, long[] result, int at) {
        long low = 0;
        long high = 0;
        for (int bit = 0; bit < 64; bit++) {
            long mask = -(b >>> bit & 1);
            low ^= a << bit & mask;
            // Two shifts, because one by 64 would do nothing.
            high ^= a >>> 1 >>> 63 - bit & mask;
        }
        result[at] = low;
        result[at + 1] = high;
    }
}
