package dev.cloister.policy.wire;

import dev.cloister.policy.protocol.ProtocolException;
import java.util.List;

/**
 * How values of one Java type are written, read, bounded and described. Immutable and thread-safe.
 *
 * @param <T> the Java type
 */
public sealed interface WireType<T> permits Scalar, Text, Choice, Sequence, Struct {
    /**
     * Writes a value.
     *
     * @param out where to
     * @param value the value
     * @throws IllegalArgumentException if it is out of range: that is this side's own fault
     */
    void write(FrameWriter out, T value);

    /**
     * Reads a value and checks it once.
     *
     * @param in the hostile frame
     * @param field the field's name for errors
     * @return the value, within its bounds
     * @throws ProtocolException if the bytes are no such value
     */
    T read(FrameReader in, String field) throws ProtocolException;

    /** Returns the type in words for the documentation, such as {@code u8, 0 to 30}. */
    String words();

    /** Returns the most bytes that a value takes. */
    int maxBytes();

    /** Returns legal values at the bounds, at least one; what tests send. */
    List<T> bounds();

    /** Returns encodings that a reader must refuse, as bytes in the value's place; what tests send. */
    List<byte[]> illegal();
}
