package dev.cloister.emulator;

import java.nio.ByteBuffer;
import java.util.Random;

/** Random operands that reach corners: numbers of the width an instruction works on, special, near each other, or any bits. */
final class VectorValues {
    private static final long[] INTEGERS = {
        0,
        1,
        -1,
        0x7F,
        0x80,
        0xFF,
        0x7FFF,
        0x8000,
        0x7FFFFFFF,
        0x80000000L,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        15,
        16,
        31,
        32,
        63,
        64
    };
    private static final int[] SINGLES = {
        0,
        1,
        0x7FFFFF,
        0x800000,
        0x3F800000,
        0x40000000,
        0x3FC00000,
        0x4B000000,
        0x4EFFFFFF,
        0x4F000000,
        0x5F000000,
        0x7F7FFFFF,
        0x7F800000,
        0x7F800001,
        0x7FC00000,
        0x7FC12345,
        0x3F000000,
        0x4B000001,
        0x477FE000,
        0x477FF000,
        0x38800000,
        0x33000000
    };
    private static final long[] DOUBLES = {
        0,
        1,
        0xFFFFFFFFFFFFFL,
        0x10000000000000L,
        0x3FF0000000000000L,
        0x4000000000000000L,
        0x3FF8000000000000L,
        0x4330000000000000L,
        0x41DFFFFFFFC00000L,
        0x41E0000000000000L,
        0x43E0000000000000L,
        0x7FEFFFFFFFFFFFFFL,
        0x7FF0000000000000L,
        0x7FF0000000000001L,
        0x7FF8000000000000L,
        0x7FF8123456789ABCL,
        0x3FE0000000000000L,
        0x36A0000000000000L,
        0x3810000000000000L,
        0x380FFFFFFFFFFFFFL,
        0x47EFFFFFE0000000L,
        0x47EFFFFFF0000000L
    };

    private final Random random;

    VectorValues(Random random) {
        this.random = random;
    }

    long integer() {
        return random.nextInt(3) == 0 ? INTEGERS[random.nextInt(INTEGERS.length)] : random.nextLong();
    }

    /** Mostly everything masked, as programs run; otherwise any control and flags. */
    int mxcsr() {
        int control = switch (random.nextInt(4)) {
            case 0 -> random.nextInt() & 0xFFC0;
            case 1 -> 0x1F80 | random.nextInt() & 0xE040;
            case 2 -> 0x1F80 | random.nextInt() & 0x6000;
            default -> 0x1F80;
        };
        return control | (random.nextBoolean() ? 0 : random.nextInt(64));
    }

    void fill(ByteBuffer into, int at, int bytes, String name) {
        switch (random.nextInt(12) == 0 ? 0 : width(name)) {
            case 2 -> {
                for (int n = 0; n < bytes; n += 2) {
                    into.putShort(at + n, half());
                }
            }
            case 4 -> {
                for (int n = 0; n < bytes; n += 4) {
                    into.putInt(at + n, single());
                }
            }
            case 8 -> {
                for (int n = 0; n < bytes; n += 8) {
                    into.putLong(at + n, binary64());
                }
            }
            case 1 -> text(into, at, bytes);
            default -> integers(into, at, bytes);
        }
    }

    private int width(String name) {
        if (name.contains("str")) {
            return 1;
        }
        if (name.contains("ph")) {
            return name.endsWith("2ps") ? 2 : 4;
        }
        String source = name.contains("2") && name.contains("cvt") ? name.substring(0, name.indexOf('2')) : name;
        if (source.contains("gather") || name.startsWith("p") || name.startsWith("vp")) {
            return 0;
        }
        if (source.endsWith("pd") || source.endsWith("sd")) {
            return 8;
        }
        return source.endsWith("ps") || source.endsWith("ss") ? 4 : 0;
    }

    private void integers(ByteBuffer into, int at, int bytes) {
        int size = 1 << random.nextInt(4);
        for (int n = 0; n < bytes; n += size) {
            long value = integer();
            for (int k = 0; k < size; k++) {
                into.put(at + n + k, (byte) (value >>> 8 * k));
            }
        }
        // A shift count, as a quad word on its own.
        if (random.nextInt(6) == 0) {
            into.putLong(at, random.nextInt(70));
        }
    }

    private void text(ByteBuffer into, int at, int bytes) {
        int size = 1 + random.nextInt(2);
        int letters = 2 + random.nextInt(6);
        for (int n = 0; n < bytes; n += size) {
            int value = random.nextInt(12) == 0 ? 0 : random.nextInt(8) == 0 ? 0xFFFE : 0x60 + random.nextInt(letters);
            into.put(at + n, (byte) value);
            if (size == 2) {
                into.put(at + n + 1, (byte) (value >> 8));
            }
        }
    }

    private short half() {
        return (short)
                switch (random.nextInt(4)) {
                    case 0 -> random.nextInt(2) << 15 | 0x1F << 10 | random.nextInt(1024);
                    case 1 -> random.nextInt(2) << 15 | random.nextInt(1024);
                    default -> random.nextInt();
                };
    }

    private int single() {
        int sign = random.nextInt() & 0x80000000;
        return switch (random.nextInt(6)) {
            case 0 -> sign | SINGLES[random.nextInt(SINGLES.length)];
            case 1 -> sign | 0x7F + random.nextInt(5) - 2 << 23 | random.nextInt(1 << 23) & -1 << random.nextInt(23);
            case 2 -> sign | 0x7F + random.nextInt(64) - 32 << 23 | random.nextInt(1 << 23);
            case 3 -> random.nextInt() & -1 << random.nextInt(24);
            case 4 -> random.nextInt();
            default ->
                sign
                        | (random.nextBoolean() ? random.nextInt(16) : 235 + random.nextInt(20)) << 23
                        | random.nextInt(1 << 23);
        };
    }

    private long binary64() {
        long sign = random.nextLong() & Long.MIN_VALUE;
        long mantissa = random.nextLong() >>> 12;
        return switch (random.nextInt(6)) {
            case 0 -> sign | DOUBLES[random.nextInt(DOUBLES.length)];
            case 1 -> sign | 0x3FFL + random.nextInt(5) - 2 << 52 | mantissa & -1L << random.nextInt(52);
            case 2 -> sign | 0x3FFL + random.nextInt(130) - 65 << 52 | mantissa;
            case 3 -> Double.doubleToRawLongBits(Float.intBitsToFloat(single()));
            case 4 -> random.nextLong();
            default ->
                sign | (long) (random.nextBoolean() ? random.nextInt(60) : 1990 + random.nextInt(58)) << 52 | mantissa;
        };
    }
}
