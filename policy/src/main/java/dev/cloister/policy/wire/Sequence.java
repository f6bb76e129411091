package dev.cloister.policy.wire;

import dev.cloister.policy.protocol.ProtocolException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A bounded list: its count, then its elements.
 *
 * @param <T> type of an element
 */
public final class Sequence<T> implements WireType<List<T>> {
    private final Scalar<Integer> count;
    private final int max;
    private final WireType<T> element;

    private Sequence(Scalar<Integer> count, int max, WireType<T> element) {
        this.count = count;
        this.max = max;
        this.element = element;
    }

    /** At most {@code max} elements after a count of one byte, or of four where one is too small. */
    public static <T> Sequence<T> of(int max, WireType<T> element) {
        return new Sequence<>(max <= 0xff ? Scalar.u8(0, max) : Scalar.i32(0, max), max, element);
    }

    /** Returns what an element is. */
    public WireType<T> element() {
        return element;
    }

    @Override
    public void write(FrameWriter out, List<T> values) {
        count.write(out, values.size());
        values.forEach(value -> element.write(out, value));
    }

    @Override
    public List<T> read(FrameReader in, String field) throws ProtocolException {
        int size = count.read(in, field);
        List<T> values = new ArrayList<>(size);
        for (int i = 0; i < size; i++) {
            values.add(element.read(in, field));
        }
        return List.copyOf(values);
    }

    @Override
    public String words() {
        String of = element instanceof Struct<?> struct ? struct.name() : element.words();
        return "count (" + count.words() + "), then as many of: " + of;
    }

    @Override
    public int maxBytes() {
        return Math.addExact(count.maxBytes(), Math.multiplyExact(max, element.maxBytes()));
    }

    @Override
    public List<List<T>> bounds() {
        List<List<T>> all = new ArrayList<>();
        all.add(List.of());
        element.bounds().forEach(value -> all.add(List.of(value)));
        all.add(Collections.nCopies(max, element.bounds().getFirst()));
        return all;
    }

    @Override
    public List<byte[]> illegal() {
        return count.illegal();
    }
}
