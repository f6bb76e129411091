package dev.cloister.policy.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Writes checked fields of one frame; a value out of range is this side's own fault, hence IllegalArgumentException. */
final class FrameWriter {
    private final ByteBuffer out;

    FrameWriter(ByteBuffer out) {
        this.out = out;
    }

    void u8(int value, int min, int max) {
        out.put((byte) inRange(value, min, max));
    }

    void u16(int value, int min, int max) {
        out.putShort((short) inRange(value, min, max));
    }

    void i32(int value, int min, int max) {
        out.putInt((int) inRange(value, min, max));
    }

    void i64(long value, long min, long max) {
        out.putLong(inRange(value, min, max));
    }

    void bool(boolean value) {
        out.put((byte) (value ? 1 : 0));
    }

    /** Printable ASCII without spaces, 1 to max bytes. */
    void name(String value, int max) {
        if (!FrameReader.isName(value, max)) {
            throw new IllegalArgumentException(
                    "name \"" + value + "\": expected 1 to " + max + " printable ASCII characters without spaces");
        }
        text(value, max);
    }

    void text(String value, int max) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > max) {
            throw new IllegalArgumentException("text of " + bytes.length + " bytes: expected at most " + max);
        }
        out.putShort((short) bytes.length);
        out.put(bytes);
    }

    private static long inRange(long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException("value " + value + ": expected " + min + " to " + max);
        }
        return value;
    }
}
