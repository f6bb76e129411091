package dev.cloister.emulator.vector;

/** The AES round transformations on 128 bits in two lanes, column by column (FIPS 197; Intel SDM vol. 1, 12.13). */
final class Aes {
    private static final int[] FORWARD_BOX = new int[256];
    private static final int[] INVERSE_BOX = new int[256];
    /** MixColumns of a byte in row 0: its column as four bytes; other rows turn it. */
    private static final int[] FORWARD_MIX = new int[256];

    private static final int[] INVERSE_MIX = new int[256];

    static {
        for (int n = 0; n < 256; n++) {
            int inverse = Galois.inverse(n);
            int box = inverse ^ turn(inverse, 1) ^ turn(inverse, 2) ^ turn(inverse, 3) ^ turn(inverse, 4) ^ 0x63;
            FORWARD_BOX[n] = box;
            INVERSE_BOX[box] = n;
            FORWARD_MIX[n] = column(n, 2, 1, 1, 3);
            INVERSE_MIX[n] = column(n, 14, 9, 13, 11);
        }
    }

    private Aes() {}

    private static int turn(int value, int by) {
        return (value << by | value >> 8 - by) & 0xFF;
    }

    private static int column(int value, int row0, int row1, int row2, int row3) {
        return Galois.multiply(value, row0)
                | Galois.multiply(value, row1) << 8
                | Galois.multiply(value, row2) << 16
                | Galois.multiply(value, row3) << 24;
    }

    private static int byteAt(long[] state, int base, int n) {
        return (int) (state[base + (n >> 3)] >>> 8 * (n & 7)) & 0xFF;
    }

    /**
     * One round of encryption, or decryption for the equivalent inverse cipher: substitutes, shifts rows, mixes columns unless it is the
     * last, and adds the key.
     *
     * @param state the lanes of the state
     * @param key the lanes of the round key
     * @param base the lane where both begin, also in the result
     */
    static void round(long[] state, long[] key, long[] result, int base, boolean decrypt, boolean last) {
        int[] box = decrypt ? INVERSE_BOX : FORWARD_BOX;
        int direction = decrypt ? -1 : 1;
        for (int half = 0; half < 2; half++) {
            long lane = 0;
            for (int c = 2 * half; c < 2 * half + 2; c++) {
                int word = 0;
                for (int row = 0; row < 4; row++) {
                    int from = 4 * (c + direction * row & 3) + row;
                    word ^= element(box[byteAt(state, base, from)], row, decrypt, last);
                }
                lane |= (word & 0xFFFFFFFFL) << 32 * (c & 1);
            }
            result[base + half] = lane ^ key[base + half];
        }
    }

    private static int element(int value, int row, boolean decrypt, boolean last) {
        int column = last ? value : decrypt ? INVERSE_MIX[value] : FORWARD_MIX[value];
        return Integer.rotateLeft(column, 8 * row);
    }

    /** InvMixColumns of one lane (AESIMC). */
    static long inverseMix(long lane) {
        long result = 0;
        for (int half = 0; half < 64; half += 32) {
            int word = 0;
            for (int row = 0; row < 4; row++) {
                word ^= Integer.rotateLeft(INVERSE_MIX[(int) (lane >>> half + 8 * row) & 0xFF], 8 * row);
            }
            result |= (word & 0xFFFFFFFFL) << half;
        }
        return result;
    }

    /** SubWord in the lower, and RotWord of it with the round constant in the upper 32 bits (AESKEYGENASSIST). */
    static long keyWords(int word, int constant) {
        int substituted = 0;
        for (int n = 0; n < 32; n += 8) {
            substituted |= FORWARD_BOX[word >>> n & 0xFF] << n;
        }
        return substituted & 0xFFFFFFFFL | (long) (Integer.rotateRight(substituted, 8) ^ constant) << 32;
    }
}
