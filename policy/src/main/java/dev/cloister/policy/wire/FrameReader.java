package dev.cloister.policy.wire;

import dev.cloister.policy.protocol.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Reads fields of one hostile frame, each against its bounds. */
public final class FrameReader {
    private final ByteBuffer in;
    private String message = "frame";

    /** Reads a frame from its position to its limit. */
    public FrameReader(ByteBuffer in) {
        this.in = in.order(ByteOrder.BIG_ENDIAN);
    }

    /** Names the message for errors from here on. */
    public void enter(String name) {
        message = name;
    }

    /** Reads a big-endian number of 1 (unsigned), 4 or 8 bytes (signed). */
    long number(String field, int width, long min, long max) throws ProtocolException {
        need(field, width);
        long value = switch (width) {
            case 1 -> in.get() & 0xff;
            case 2 -> in.getShort() & 0xffff;
            case 4 -> in.getInt();
            default -> in.getLong();
        };
        if (value < min || value > max) {
            throw error(field, Long.toString(value), min + " to " + max);
        }
        return value;
    }

    /** Reads printable ASCII without spaces, 1 to max bytes. */
    String name(String field, int max) throws ProtocolException {
        String value = text(field, max);
        if (!isName(value, max)) {
            throw error(field, "\"" + value + "\"", "1 to " + max + " printable ASCII characters without spaces");
        }
        return value;
    }

    /** Reads UTF-8 text of at most max bytes. */
    String text(String field, int max) throws ProtocolException {
        int length = (int) number(field + ".length", 2, 0, max);
        need(field, length);
        ByteBuffer bytes = in.slice(in.position(), length);
        in.position(in.position() + length);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(bytes)
                    .toString();
        } catch (CharacterCodingException e) {
            throw error(field, "not UTF-8", "UTF-8 text");
        }
    }

    /** Reads a 16-bit number of a frame's header. */
    public int header(String field, int min, int max) throws ProtocolException {
        return (int) number(field, 2, min, max);
    }

    /** Requires that the frame ends here: trailing bytes would be a second, unread message. */
    public void end() throws ProtocolException {
        if (in.hasRemaining()) {
            throw error("end", in.remaining() + " further bytes", "the end of the frame");
        }
    }

    /** An error in a field: what it is and what was expected. */
    public ProtocolException error(String field, String value, String expected) {
        return new ProtocolException(message, field, value, expected);
    }

    static boolean isName(String value, int max) {
        if (value.isEmpty() || value.length() > max) {
            return false;
        }
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c <= ' ' || c >= 0x7f) {
                return false;
            }
        }
        return true;
    }

    private void need(String field, int bytes) throws ProtocolException {
        if (in.remaining() < bytes) {
            throw error(field, "cut off after " + in.remaining() + " bytes", bytes + " bytes");
        }
    }
}
