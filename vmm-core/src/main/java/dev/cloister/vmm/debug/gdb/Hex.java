package dev.cloister.vmm.debug.gdb;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Numbers and bytes as the protocol writes them. */
final class Hex {
    private static final HexFormat FORMAT = HexFormat.of();
    private static final int MOST_DIGITS = 16;

    private Hex() {}

    /** Reads a number of 1 to 16 hexadecimal digits. */
    static long number(String text) throws BadPacket {
        boolean digits =
                !text.isEmpty() && text.length() <= MOST_DIGITS && text.chars().allMatch(HexFormat::isHexDigit);
        if (!digits) {
            throw new BadPacket();
        }
        return Long.parseUnsignedLong(text, 16);
    }

    /** Reads a number from 0 to a bound. */
    static int number(String text, int most) throws BadPacket {
        long value = number(text);
        if (value < 0 || value > most) {
            throw new BadPacket();
        }
        return (int) value;
    }

    /** Reads bytes of two digits each. */
    static byte[] bytes(String text) throws BadPacket {
        try {
            return FORMAT.parseHex(text);
        } catch (IllegalArgumentException e) {
            throw new BadPacket();
        }
    }

    /** Writes bytes with two digits each. */
    static String of(byte[] bytes, int offset, int length) {
        return FORMAT.formatHex(bytes, offset, offset + length);
    }

    /** Writes text with two digits for each byte. */
    static String of(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return of(bytes, 0, bytes.length);
    }
}
