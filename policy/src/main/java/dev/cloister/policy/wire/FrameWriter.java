package dev.cloister.policy.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Writes checked fields of one frame; a value out of range is this side's own fault, hence IllegalArgumentException. */
public class FrameWriter {
    private final ByteBuffer out;

    /** Writes into a buffer from its position on. */
    public FrameWriter(ByteBuffer out) {
        this.out = out.order(ByteOrder.BIG_ENDIAN);
    }

    /** Writes a 16-bit number of a frame's header. */
    public void header(int value) {
        out.putShort((short) value);
    }

    /** Called before each field; an observer of the layout overrides it. */
    protected void field(String name, WireType<?> type) {}

    /** Where the next byte goes. */
    protected int position() {
        return out.position();
    }

    void number(int width, long value, long min, long max) {
        inRange(value, min, max);
        switch (width) {
            case 1 -> out.put((byte) value);
            case 4 -> out.putInt((int) value);
            default -> out.putLong(value);
        }
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

    private static void inRange(long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException("value " + value + ": expected " + min + " to " + max);
        }
    }
}
