package dev.cloister.emulator.vector;

/** The steps of SHA-1 and SHA-256 on double words in lanes (Intel SDM vol. 2, SHA1RNDS4 and kin; FIPS 180-4). */
final class Sha {
    private static final int[] CONSTANTS = {0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6};

    private Sha() {}

    private static int word(long[] lanes, int n) {
        return (int) (lanes[n >> 1] >>> 32 * (n & 1));
    }

    private static void put(long[] lanes, int n, int value) {
        Lanes.put(lanes, n, 32, value);
    }

    /** SHA1NEXTE: E from the state's A, added to the message. */
    static void nextE(long[] state, long[] message, long[] result) {
        System.arraycopy(message, 0, result, 0, 2);
        put(result, 3, word(message, 3) + Integer.rotateLeft(word(state, 3), 30));
    }

    /** SHA1MSG1. */
    static void message1(long[] a, long[] b, long[] result) {
        put(result, 3, word(a, 1) ^ word(a, 3));
        put(result, 2, word(a, 0) ^ word(a, 2));
        put(result, 1, word(b, 3) ^ word(a, 1));
        put(result, 0, word(b, 2) ^ word(a, 0));
    }

    /** SHA1MSG2. */
    static void message2(long[] a, long[] b, long[] result) {
        int w16 = Integer.rotateLeft(word(a, 3) ^ word(b, 2), 1);
        put(result, 3, w16);
        put(result, 2, Integer.rotateLeft(word(a, 2) ^ word(b, 1), 1));
        put(result, 1, Integer.rotateLeft(word(a, 1) ^ word(b, 0), 1));
        put(result, 0, Integer.rotateLeft(word(a, 0) ^ w16, 1));
    }

    private static int mix(int kind, int b, int c, int d) {
        return switch (kind) {
            case 0 -> b & c ^ ~b & d;
            case 2 -> b & c ^ b & d ^ c & d;
            default -> b ^ c ^ d;
        };
    }

    /** SHA1RNDS4: four rounds of one of the four kinds; the message includes E. */
    static void rounds1(long[] state, long[] message, int kind, long[] result) {
        int a = word(state, 3);
        int b = word(state, 2);
        int c = word(state, 1);
        int d = word(state, 0);
        int e = 0;
        for (int n = 3; n >= 0; n--) {
            int next = mix(kind, b, c, d) + Integer.rotateLeft(a, 5) + word(message, n) + e + CONSTANTS[kind];
            e = d;
            d = c;
            c = Integer.rotateLeft(b, 30);
            b = a;
            a = next;
        }
        put(result, 3, a);
        put(result, 2, b);
        put(result, 1, c);
        put(result, 0, d);
    }

    private static int turns(int value, int first, int second, int third) {
        return Integer.rotateRight(value, first)
                ^ Integer.rotateRight(value, second)
                ^ Integer.rotateRight(value, third);
    }

    /** SHA256RNDS2: {@code cdgh} and {@code abef} are halves of the state, {@code wk} has the two messages with constants. */
    static void rounds256(long[] cdgh, long[] abef, long[] wk, long[] result) {
        int a = word(abef, 3);
        int b = word(abef, 2);
        int e = word(abef, 1);
        int f = word(abef, 0);
        int c = word(cdgh, 3);
        int d = word(cdgh, 2);
        int g = word(cdgh, 1);
        int h = word(cdgh, 0);
        for (int n = 0; n < 2; n++) {
            int t = mix(0, e, f, g) + turns(e, 6, 11, 25) + word(wk, n) + h;
            int next = t + mix(2, a, b, c) + turns(a, 2, 13, 22);
            h = g;
            g = f;
            f = e;
            e = t + d;
            d = c;
            c = b;
            b = a;
            a = next;
        }
        put(result, 3, a);
        put(result, 2, b);
        put(result, 1, e);
        put(result, 0, f);
    }

    /** SHA256MSG1. */
    static void message256First(long[] a, long[] b, long[] result) {
        for (int n = 0; n < 4; n++) {
            int next = n == 3 ? word(b, 0) : word(a, n + 1);
            put(result, n, word(a, n) + (Integer.rotateRight(next, 7) ^ Integer.rotateRight(next, 18) ^ next >>> 3));
        }
    }

    private static int sigma1(int value) {
        return Integer.rotateRight(value, 17) ^ Integer.rotateRight(value, 19) ^ value >>> 10;
    }

    /** SHA256MSG2. */
    static void message256Second(long[] a, long[] b, long[] result) {
        int w16 = word(a, 0) + sigma1(word(b, 2));
        int w17 = word(a, 1) + sigma1(word(b, 3));
        put(result, 0, w16);
        put(result, 1, w17);
        put(result, 2, word(a, 2) + sigma1(w16));
        put(result, 3, word(a, 3) + sigma1(w17));
    }
}
