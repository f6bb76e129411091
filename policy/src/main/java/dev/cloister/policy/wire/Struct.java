package dev.cloister.policy.wire;

import dev.cloister.policy.protocol.ProtocolException;
import java.util.ArrayList;
import java.util.List;

/**
 * Fields one after the other, without gaps, that make one Java value.
 *
 * @param <R> the Java type
 */
public final class Struct<R> implements WireType<R> {
    private final String name;
    private final List<Field<R, ?>> fields;
    private final Maker<R> maker;

    /**
     * Makes the value of its fields.
     *
     * @param <R> the Java type
     */
    public interface Maker<R> {
        /** Makes it; the values are in the order of the fields, each within its bounds. */
        R make(Values values);
    }

    /** The values of a structure's fields, by position. */
    public static final class Values {
        private final List<Object> all;

        private Values(List<Object> all) {
            this.all = all;
        }

        /** Returns a field's value as the type that its wire type has. */
        @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
        public <T> T get(int position) {
            return (T) all.get(position);
        }

        /** Returns a field's value of eight bytes. */
        public long number(int position) {
            return this.<Long>get(position);
        }

        /** Returns a field's value of fewer bytes. */
        public int small(int position) {
            return this.<Integer>get(position);
        }
    }

    private Struct(String name, Maker<R> maker, List<Field<R, ?>> fields) {
        this.name = name;
        this.maker = maker;
        this.fields = fields;
    }

    /**
     * Makes a structure.
     *
     * @param name its name in errors and documentation
     * @param maker makes the value of its fields
     * @param fields in the order of the wire
     */
    @SafeVarargs
    public static <R> Struct<R> of(String name, Maker<R> maker, Field<R, ?>... fields) {
        return new Struct<>(name, maker, List.of(fields));
    }

    /** Returns its name. */
    public String name() {
        return name;
    }

    /** Returns its fields in the order of the wire. */
    public List<Field<R, ?>> fields() {
        return fields;
    }

    @Override
    public void write(FrameWriter out, R value) {
        fields.forEach(field -> field.write(out, value));
    }

    @Override
    public R read(FrameReader in, String field) throws ProtocolException {
        String prefix = field.isEmpty() ? "" : field + ".";
        List<Object> values = new ArrayList<>(fields.size());
        for (Field<R, ?> each : fields) {
            values.add(each.type().read(in, prefix + each.name()));
        }
        try {
            return maker.make(new Values(values));
        } catch (IllegalArgumentException e) {
            // Fields that are right one by one and wrong together.
            throw in.error(field.isEmpty() ? "fields" : field, String.valueOf(e.getMessage()), "fields that agree");
        }
    }

    @Override
    public String words() {
        return name;
    }

    @Override
    public int maxBytes() {
        return fields.stream().mapToInt(f -> f.type().maxBytes()).reduce(0, Math::addExact);
    }

    @Override
    public List<R> bounds() {
        List<R> all = new ArrayList<>();
        int rounds =
                fields.stream().mapToInt(f -> f.type().bounds().size()).max().orElse(1);
        for (int round = 0; round < rounds; round++) {
            List<Object> values = new ArrayList<>();
            for (Field<R, ?> field : fields) {
                List<?> bounds = field.type().bounds();
                values.add(bounds.get(Math.min(round, bounds.size() - 1)));
            }
            all.add(maker.make(new Values(values)));
        }
        return all;
    }

    @Override
    public List<byte[]> illegal() {
        return List.of();
    }
}
