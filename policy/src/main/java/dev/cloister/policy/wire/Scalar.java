package dev.cloister.policy.wire;

import dev.cloister.policy.protocol.ProtocolException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;

/**
 * A big-endian number of fixed width within bounds, as the Java type it stands for.
 *
 * @param <T> the Java type
 */
public final class Scalar<T> implements WireType<T> {
    private static final int BYTE = 8;

    private final int width;
    private final long min;
    private final long max;
    private final long multipleOf;
    private final Function<T, Long> number;
    private final Function<Long, T> value;

    private Scalar(int width, long min, long max, long multiple, Function<T, Long> number, Function<Long, T> value) {
        this.width = width;
        this.min = min;
        this.max = max;
        this.multipleOf = multiple;
        this.number = number;
        this.value = value;
    }

    /** One unsigned byte within bounds. */
    public static Scalar<Integer> u8(int min, int max) {
        return new Scalar<>(1, min, max, 1, Integer::longValue, Long::intValue);
    }

    /** Four bytes, a signed number within bounds. */
    public static Scalar<Integer> i32(int min, int max) {
        return new Scalar<>(4, min, max, 1, Integer::longValue, Long::intValue);
    }

    /** Eight bytes, a signed number within bounds. */
    public static Scalar<Long> i64(long min, long max) {
        return i64(min, max, 1);
    }

    /** Eight bytes, a signed number within bounds and a multiple of another. */
    public static Scalar<Long> i64(long min, long max, long multipleOf) {
        return new Scalar<>(8, min, max, multipleOf, Function.identity(), Function.identity());
    }

    /** A count or amount: eight bytes, not negative. */
    public static Scalar<Long> count() {
        return i64(0, Long.MAX_VALUE);
    }

    /** Eight bytes of any value. */
    public static Scalar<Long> any64() {
        return i64(Long.MIN_VALUE, Long.MAX_VALUE);
    }

    /** One byte, 0 or 1. */
    public static Scalar<Boolean> bool() {
        return new Scalar<>(1, 0, 1, 1, b -> b ? 1L : 0L, n -> n == 1);
    }

    /** Sixteen bytes, most significant first. */
    public static Struct<UUID> uuid() {
        return Struct.of(
                "uuid",
                values -> new UUID(values.number(0), values.number(1)),
                Field.of("mostSignificantBits", any64(), UUID::getMostSignificantBits),
                Field.of("leastSignificantBits", any64(), UUID::getLeastSignificantBits));
    }

    @Override
    public void write(FrameWriter out, T what) {
        long n = number.apply(what);
        if (n % multipleOf != 0) {
            throw new IllegalArgumentException("value " + n + ": expected a multiple of " + multipleOf);
        }
        out.number(width, n, min, max);
    }

    @Override
    public T read(FrameReader in, String field) throws ProtocolException {
        long n = in.number(field, width, min, max);
        if (n % multipleOf != 0) {
            throw in.error(field, Long.toString(n), "a multiple of " + multipleOf);
        }
        return value.apply(n);
    }

    @Override
    public String words() {
        String name = width == 1 ? "u8" : "i" + width * BYTE;
        boolean any = min == Long.MIN_VALUE && max == Long.MAX_VALUE;
        String range = min == 0 && max == Long.MAX_VALUE ? "not negative" : min + " to " + max;
        return name + (any ? "" : ", " + range) + (multipleOf == 1 ? "" : ", a multiple of " + multipleOf);
    }

    @Override
    public int maxBytes() {
        return width;
    }

    @Override
    public List<T> bounds() {
        return List.of(value.apply(min + Math.floorMod(-min, multipleOf)), value.apply(max - max % multipleOf));
    }

    @Override
    public List<byte[]> illegal() {
        long least = width == 1 ? 0 : signed(Long.MIN_VALUE);
        long most = width == 1 ? 0xff : signed(Long.MAX_VALUE);
        List<byte[]> all = new ArrayList<>();
        if (min > least) {
            all.add(bytes(min - 1));
        }
        if (max < most) {
            all.add(bytes(max + 1));
        }
        if (multipleOf > 1) {
            all.add(bytes(min + Math.floorMod(-min, multipleOf) + 1));
        }
        return all;
    }

    private long signed(long n) {
        return width == 4 ? (n < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE) : n;
    }

    private byte[] bytes(long n) {
        byte[] bytes = new byte[width];
        for (int i = 0; i < width; i++) {
            bytes[i] = (byte) (n >>> BYTE * (width - 1 - i));
        }
        return bytes;
    }
}
