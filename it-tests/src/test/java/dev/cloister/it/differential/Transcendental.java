package dev.cloister.it.differential;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Results of x87 approximations that are one unit in the last place apart. */
final class Transcendental {
    private static final int PRECISION = 0x20;
    private static final int C1 = 0x200;
    private static final int REGISTERS = 32;

    private Transcendental() {}

    /** The emulated save area with the real one's ST0, ST1 and C1, where those are as near as is permitted. */
    static byte[] nearly(byte[] real, byte[] emulated) {
        ByteBuffer a = ByteBuffer.wrap(real).order(ByteOrder.LITTLE_ENDIAN);
        byte[] copy = emulated.clone();
        ByteBuffer b = ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN);
        if ((a.getShort(2) & PRECISION) == 0) {
            return copy;
        }
        for (int at = REGISTERS; at < REGISTERS + 32; at += 16) {
            if (isNear(a, b, at)) {
                b.put(at, a, at, 10);
            }
        }
        if (((a.getShort(2) ^ b.getShort(2)) & 0xFFFF) == C1) {
            b.putShort(2, a.getShort(2));
        }
        return copy;
    }

    private static boolean isNear(ByteBuffer a, ByteBuffer b, int at) {
        long x = a.getLong(at);
        long y = b.getLong(at);
        int exponents = a.getShort(at + 8) - b.getShort(at + 8);
        return switch (exponents) {
            case 0 -> Math.abs(x - y) == 1;
            case 1 -> x == Long.MIN_VALUE && y == -1;
            case -1 -> y == Long.MIN_VALUE && x == -1;
            default -> false;
        };
    }
}
