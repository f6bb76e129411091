package dev.cloister.it.differential;

import java.util.Random;

/** Random values with a taste for those at which instructions change their minds. */
final class Values {
    private static final long[] INTEGERS = {
        0,
        1,
        2,
        3,
        7,
        8,
        15,
        16,
        31,
        32,
        63,
        64,
        0x7F,
        0x80,
        0xFF,
        0x100,
        0x7FFF,
        0x8000,
        0xFFFF,
        0x10000,
        0x7FFFFFFFL,
        0x80000000L,
        0xFFFFFFFFL,
        0x100000000L,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        -1,
        -2,
        -128,
        -129,
        -32768,
        -32769,
        0xFFFFFFFF80000000L,
        0xFFFFFFFF7FFFFFFFL,
        0x0F0F0F0F0F0F0F0FL,
        0x5555555555555555L,
        0xAAAAAAAAAAAAAAAAL,
        0x0102040810204080L,
        0x7FFFFFFFFFFFL,
        0x800000000000L,
        0xFFFF800000000000L,
        0xFFFF7FFFFFFFFFFFL
    };
    private static final int[] FLOATS = {
        0,
        0x80000000,
        1,
        0x807FFFFF,
        0x007FFFFF,
        0x00800000,
        0x80800000,
        0x3F800000,
        0xBF800000,
        0x3F800001,
        0x3F7FFFFF,
        0x40000000,
        0x3F000000,
        0x7F7FFFFF,
        0xFF7FFFFF,
        0x7F800000,
        0xFF800000,
        0x7FC00000,
        0xFFC00000,
        0x7F800001,
        0x7FBFFFFF,
        0xFFC12345,
        0x4F000000,
        0xCF000000,
        0x4EFFFFFF,
        0x5F000000,
        0xDF000000,
        0x4B000000,
        0x4B7FFFFF,
        0x3FC00000,
        0x40200000,
        0x477FE000,
        0x33000000,
        0x38800000,
        0x387FC000,
        0x42280000
    };
    private static final long[] DOUBLES = {
        0,
        Long.MIN_VALUE,
        1,
        0x000FFFFFFFFFFFFFL,
        0x0010000000000000L,
        0x8010000000000000L,
        0x3FF0000000000000L,
        0xBFF0000000000000L,
        0x3FF0000000000001L,
        0x3FEFFFFFFFFFFFFFL,
        0x4000000000000000L,
        0x3FE0000000000000L,
        0x7FEFFFFFFFFFFFFFL,
        0xFFEFFFFFFFFFFFFFL,
        0x7FF0000000000000L,
        0xFFF0000000000000L,
        0x7FF8000000000000L,
        0xFFF8000000000000L,
        0x7FF0000000000001L,
        0x7FF4567812345678L,
        0xFFF8000012345678L,
        0x41DFFFFFFFC00000L,
        0x41E0000000000000L,
        0xC1E0000000000000L,
        0x43E0000000000000L,
        0xC3E0000000000000L,
        0x43DFFFFFFFFFFFFFL,
        0x4330000000000000L,
        0x4340000000000001L,
        0x3FF8000000000000L,
        0x4004000000000000L,
        0x36A0000000000000L,
        0x47EFFFFFE0000000L,
        0x380FFFFFC0000000L
    };
    private static final long[] SIGNIFICANDS = {
        Long.MIN_VALUE,
        -1,
        0xC000000000000000L,
        0x8000000000000001L,
        0x8000000000000400L,
        0x8000008000000000L,
        0,
        1,
        Long.MAX_VALUE,
        0xA000000000000000L,
        0xC90FDAA22168C235L,
        0x4000000000000000L,
        0xBFFFFFFFFFFFFFFFL
    };
    private static final int[] EXPONENTS = {
        0, 1, 2, 0x3FFF, 0x3FFE, 0x4000, 0x7FFE, 0x7FFF, 0x3FC0, 0x3FBF, 0x403E, 0x403D, 0x401E, 0x400E, 0x3F81, 0x407E,
        0x3C01, 0x43FE, 0x3C00, 0x3F80, 0x43FF
    };

    private final Random random;

    Values(Random random) {
        this.random = random;
    }

    /** For a general register. */
    long integer() {
        return switch (random.nextInt(6)) {
            case 0, 1 -> INTEGERS[random.nextInt(INTEGERS.length)];
            case 2 -> random.nextLong() >>> random.nextInt(64);
            case 3 -> random.nextLong() >> random.nextInt(64);
            default -> random.nextLong();
        };
    }

    /** For 8 bytes of a vector register or of memory: integers, pairs of singles, doubles. */
    long lane() {
        return switch (random.nextInt(4)) {
            case 0 -> integer();
            case 1 -> single() & 0xFFFFFFFFL | (long) single() << 32;
            case 2 -> DOUBLES[random.nextInt(DOUBLES.length)];
            default -> likely();
        };
    }

    private int single() {
        return random.nextInt(3) == 0
                ? Float.floatToRawIntBits((random.nextFloat() - 0.5f) * 1000)
                : FLOATS[random.nextInt(FLOATS.length)] ^ (random.nextInt(8) == 0 ? random.nextInt(16) : 0);
    }

    /** A double of ordinary size, or one with a random exponent. */
    private long likely() {
        return random.nextBoolean()
                ? Double.doubleToRawLongBits((random.nextDouble() - 0.5) * (1L << random.nextInt(62)))
                : random.nextLong();
    }

    /** Sign and exponent of an 80-bit number. */
    int exponent() {
        int exponent = random.nextInt(3) == 0
                ? EXPONENTS[random.nextInt(EXPONENTS.length)]
                : random.nextInt(4) == 0 ? random.nextInt(0x8000) : 0x3FFF - 80 + random.nextInt(160);
        return exponent | (random.nextBoolean() ? 0x8000 : 0);
    }

    /** Significand of an 80-bit number, mostly with its integer bit. */
    long significand() {
        long value = random.nextInt(3) == 0 ? SIGNIFICANDS[random.nextInt(SIGNIFICANDS.length)] : random.nextLong();
        return random.nextInt(12) == 0 ? value : value | Long.MIN_VALUE;
    }
}
