package dev.cloister.vmm.debug.gdb;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Takes the peer's bytes apart (GDB manual, E.1). Keeps one packet of bounded length; one thread. */
final class PacketReader {
    /** The longest packet between {@code $} and {@code #}. */
    static final int MOST = 16 << 10;

    private static final int INTERRUPT = 3;

    /** What came of one byte. */
    enum Event {
        /** More is needed. */
        NONE,
        /** A whole packet with the right checksum: {@link #packet()}. */
        PACKET,
        /** A packet with a wrong checksum. */
        DAMAGED,
        /** A packet that is longer than {@link #MOST}. */
        TOO_LONG,
        /** The peer has not understood the last reply. */
        REPEAT,
        /** The peer wants the guest to stop. */
        INTERRUPT,
        /** A byte that begins nothing in this protocol. */
        GARBAGE
    }

    private enum State {
        IDLE,
        BODY,
        FIRST_DIGIT,
        SECOND_DIGIT
    }

    private final byte[] body = new byte[MOST];
    private State state = State.IDLE;
    private int length;
    private int sum;
    private int digit;
    private boolean tooLong;

    /** Takes one byte. */
    Event take(byte value) {
        return switch (state) {
            case IDLE -> idle(value);
            case BODY -> body(value);
            case FIRST_DIGIT -> {
                digit = Character.digit(value, 16);
                state = State.SECOND_DIGIT;
                yield Event.NONE;
            }
            case SECOND_DIGIT -> {
                state = State.IDLE;
                int low = Character.digit(value, 16);
                boolean right = digit >= 0 && low >= 0 && (digit << 4 | low) == (sum & 0xff);
                yield !right ? Event.DAMAGED : tooLong ? Event.TOO_LONG : Event.PACKET;
            }
        };
    }

    private Event idle(byte value) {
        return switch (value) {
            case '$' -> {
                begin();
                yield Event.NONE;
            }
            case '+' -> Event.NONE;
            case '-' -> Event.REPEAT;
            case INTERRUPT -> Event.INTERRUPT;
            default -> Event.GARBAGE;
        };
    }

    private void begin() {
        state = State.BODY;
        length = 0;
        sum = 0;
        tooLong = false;
    }

    private Event body(byte value) {
        if (value == '#') {
            state = State.FIRST_DIGIT;
        } else if (value == '$') {
            // Never within a packet: the end of the one before was lost.
            begin();
        } else {
            sum += value;
            if (length < MOST) {
                body[length++] = value;
            } else {
                tooLong = true;
            }
        }
        return Event.NONE;
    }

    /** The last packet's bytes, as they came. */
    byte[] packet() {
        return Arrays.copyOf(body, length);
    }

    /** The last packet as text, one char for each byte. */
    String text() {
        return new String(body, 0, length, StandardCharsets.ISO_8859_1);
    }
}
