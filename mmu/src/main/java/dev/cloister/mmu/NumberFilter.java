package dev.cloister.mmu;

import java.util.Arrays;

/** Which numbers may have been added, by hash: never denies one that was, and is small. */
final class NumberFilter {
    private static final int BITS = 4096;
    private static final long HASH = 0x9E37_79B9_7F4A_7C15L;

    private final long[] words = new long[BITS / Long.SIZE];

    private static int bit(long number) {
        return (int) (number * HASH >>> 52);
    }

    void add(long number) {
        int bit = bit(number);
        words[bit >>> 6] |= 1L << bit;
    }

    boolean mayContain(long number) {
        int bit = bit(number);
        return (words[bit >>> 6] >>> bit & 1) != 0;
    }

    void clear() {
        Arrays.fill(words, 0);
    }
}
