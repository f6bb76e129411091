package dev.cloister.policy.relay;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Makes one line of printable ASCII of any bytes: a backslash becomes two, every byte but {@code 0x20} to {@code 0x7e} becomes
 * {@code \xNN}. So a line can't end early, and a terminal that shows it obeys nobody.
 */
final class Escapes {
    private static final byte[] DIGITS = "0123456789abcdef".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    private static final byte BACKSLASH = '\\';
    private static final int HEX_BYTES = 4;

    private Escapes() {}

    /**
     * Writes the line; what doesn't fit is cut behind the last byte that fits whole.
     *
     * @return bytes written at {@code offset}
     */
    static int line(MemorySegment raw, int count, MemorySegment to, long offset, int most) {
        int at = 0;
        for (int i = 0; i < count; i++) {
            byte b = raw.get(ValueLayout.JAVA_BYTE, i);
            int size = size(b);
            if (at + size > most) {
                break;
            }
            put(b, size, to, offset + at);
            at += size;
        }
        return at;
    }

    private static int size(byte b) {
        if (b == BACKSLASH) {
            return 2;
        }
        return b < ' ' || b > '~' ? HEX_BYTES : 1;
    }

    private static void put(byte b, int size, MemorySegment to, long at) {
        if (size == 1) {
            to.set(ValueLayout.JAVA_BYTE, at, b);
            return;
        }
        to.set(ValueLayout.JAVA_BYTE, at, BACKSLASH);
        if (size == 2) {
            to.set(ValueLayout.JAVA_BYTE, at + 1, BACKSLASH);
            return;
        }
        to.set(ValueLayout.JAVA_BYTE, at + 1, (byte) 'x');
        to.set(ValueLayout.JAVA_BYTE, at + 2, DIGITS[b >> 4 & 0xf]);
        to.set(ValueLayout.JAVA_BYTE, at + 3, DIGITS[b & 0xf]);
    }
}
