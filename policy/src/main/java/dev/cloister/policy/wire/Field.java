package dev.cloister.policy.wire;

import java.util.function.Function;

/**
 * One field of a structure.
 *
 * @param name its name in errors and documentation
 * @param type how it is written
 * @param get takes it out of the structure's value
 * @param <R> the structure's Java type
 * @param <T> the field's Java type
 */
public record Field<R, T>(String name, WireType<T> type, Function<R, T> get) {
    /** Makes a field. */
    public static <R, T> Field<R, T> of(String name, WireType<T> type, Function<R, T> get) {
        return new Field<>(name, type, get);
    }

    void write(FrameWriter out, R owner) {
        out.field(name, type);
        type.write(out, get.apply(owner));
    }
}
