package dev.cloister.policy.wire;

import dev.cloister.policy.protocol.ProtocolException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

/**
 * One of some named values: one byte with the value's number.
 *
 * @param <E> the enumeration
 */
public final class Choice<E extends Enum<E>> implements WireType<E> {
    private final Map<E, Integer> numbers;
    private final TreeMap<Integer, E> values = new TreeMap<>();

    private Choice(Class<E> type, List<E> legal, ToIntFunction<E> number) {
        numbers = new EnumMap<>(type);
        for (E value : legal) {
            numbers.put(value, number.applyAsInt(value));
            values.put(number.applyAsInt(value), value);
        }
    }

    /** All values of an enumeration, by the numbers that it gives them. */
    public static <E extends Enum<E>> Choice<E> of(Class<E> type, ToIntFunction<E> number) {
        return new Choice<>(type, List.of(type.getEnumConstants()), number);
    }

    /** Some values of an enumeration, by the numbers that it gives them. */
    public static <E extends Enum<E>> Choice<E> of(Class<E> type, List<E> legal, ToIntFunction<E> number) {
        return new Choice<>(type, legal, number);
    }

    @Override
    public void write(FrameWriter out, E value) {
        Integer number = numbers.get(value);
        if (number == null) {
            throw new IllegalArgumentException("value " + value + ": expected one of " + numbers.keySet());
        }
        out.number(1, number, 0, 0xff);
    }

    @Override
    public E read(FrameReader in, String field) throws ProtocolException {
        int number = (int) in.number(field, 1, values.firstKey(), values.lastKey());
        E value = values.get(number);
        if (value == null) {
            throw in.error(field, Integer.toString(number), "one of " + values.keySet());
        }
        return value;
    }

    @Override
    public String words() {
        return "u8: "
                + values.entrySet().stream()
                        .map(e -> e.getKey() + " " + e.getValue().name().toLowerCase(Locale.ROOT))
                        .collect(Collectors.joining(", "));
    }

    @Override
    public int maxBytes() {
        return 1;
    }

    @Override
    public List<E> bounds() {
        return List.copyOf(values.values());
    }

    @Override
    public List<byte[]> illegal() {
        List<byte[]> all = new ArrayList<>();
        for (int number = 0; number <= 0xff; number++) {
            if (!values.containsKey(number)) {
                all.add(new byte[] {(byte) number});
            }
        }
        return all;
    }
}
