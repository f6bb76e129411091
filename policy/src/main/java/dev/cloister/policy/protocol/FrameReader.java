package dev.cloister.policy.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Reads fields of one hostile frame, each against its bounds. */
final class FrameReader {
    private final ByteBuffer in;
    private String message = "frame";

    FrameReader(ByteBuffer in) {
        this.in = in;
    }

    /** Names the message for errors from here on. */
    void enter(String name) {
        message = name;
    }

    int u8(String field, int min, int max) throws ProtocolException {
        need(field, 1);
        return (int) inRange(field, in.get() & 0xff, min, max);
    }

    int u16(String field, int min, int max) throws ProtocolException {
        need(field, 2);
        return (int) inRange(field, in.getShort() & 0xffff, min, max);
    }

    int i32(String field, int min, int max) throws ProtocolException {
        need(field, 4);
        return (int) inRange(field, in.getInt(), min, max);
    }

    long i64(String field, long min, long max) throws ProtocolException {
        need(field, 8);
        return inRange(field, in.getLong(), min, max);
    }

    boolean bool(String field) throws ProtocolException {
        return u8(field, 0, 1) == 1;
    }

    String name(String field, int max) throws ProtocolException {
        String value = text(field, max);
        if (!isName(value, max)) {
            throw error(field, "\"" + value + "\"", "1 to " + max + " printable ASCII characters without spaces");
        }
        return value;
    }

    String text(String field, int max) throws ProtocolException {
        int length = u16(field + ".length", 0, max);
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

    /** Requires that the frame ends here: trailing bytes would be a second, unread message. */
    void end() throws ProtocolException {
        if (in.hasRemaining()) {
            throw error("end", in.remaining() + " further bytes", "the end of the frame");
        }
    }

    ProtocolException error(String field, String value, String expected) {
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

    private long inRange(String field, long value, long min, long max) throws ProtocolException {
        if (value < min || value > max) {
            throw error(field, Long.toString(value), min + " to " + max);
        }
        return value;
    }

    private void need(String field, int bytes) throws ProtocolException {
        if (in.remaining() < bytes) {
            throw error(field, "cut off after " + in.remaining() + " bytes", bytes + " bytes");
        }
    }
}
