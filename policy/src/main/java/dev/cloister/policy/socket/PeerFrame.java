package dev.cloister.policy.socket;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The frames in which the two ends of a stream carry connections: four u32, little-endian, and behind {@link #DATA} its bytes. The
 * one that opens connections numbers them. The other side isn't trusted: every field is judged by who reads it.
 */
public final class PeerFrame {
    /** Bytes of a header: operation, connection, and two numbers that are 0 where an operation has none. */
    public static final int HEADER_BYTES = 16;

    /** The most bytes behind one header. */
    public static final int MAX_DATA = 32 << 10;

    /** Bytes of a connection that may be under way without having been taken, where the other side says what it has taken. */
    public static final int WINDOW = 128 << 10;

    /** Opener: a connection from a port of its own (first) to one of the other side's (second). */
    public static final int OPEN = 1;

    /** Other side: it is accepted. */
    public static final int ACCEPT = 2;

    /** Bytes: first is how many, 1 to {@link #MAX_DATA}. */
    public static final int DATA = 3;

    /** Bytes were taken: first is how many. */
    public static final int CREDIT = 4;

    /** No more bytes come. */
    public static final int END = 5;

    /** The connection is over, or not accepted: nothing more is said of it. */
    public static final int RESET = 6;

    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    int operation;
    int connection;
    int first;
    int second;

    /** Reads a header. */
    void read(MemorySegment from, long offset) {
        operation = from.get(U32, offset);
        connection = from.get(U32, offset + 4);
        first = from.get(U32, offset + 8);
        second = from.get(U32, offset + 12);
    }

    /** Writes a header. */
    static void write(MemorySegment to, long offset, int operation, int connection, int first, int second) {
        to.set(U32, offset, operation);
        to.set(U32, offset + 4, connection);
        to.set(U32, offset + 8, first);
        to.set(U32, offset + 12, second);
    }

    /** Whether the numbers are such as the operation may have. */
    boolean wellFormed() {
        return switch (operation) {
            case OPEN -> true;
            case DATA -> second == 0 && first > 0 && first <= MAX_DATA;
            case CREDIT -> second == 0 && first > 0 && first <= WINDOW;
            case ACCEPT, END, RESET -> first == 0 && second == 0;
            default -> false;
        };
    }

    @Override
    public String toString() {
        return "frame " + operation + " of connection " + Integer.toUnsignedString(connection) + " with "
                + Integer.toUnsignedString(first) + ", " + Integer.toUnsignedString(second);
    }
}
