package dev.cloister.policy.wire;

import dev.cloister.policy.protocol.ProtocolException;
import java.util.List;

/** Text of bounded length: {@code u16 length} and UTF-8. A name is 1 or more printable ASCII characters without spaces. */
public final class Text implements WireType<String> {
    private static final int PREFIX = 2;

    private final int max;
    private final boolean name;

    private Text(int max, boolean name) {
        this.max = max;
        this.name = name;
    }

    /** UTF-8 text of 0 to {@code max} bytes. */
    public static Text text(int max) {
        return new Text(max, false);
    }

    /** Printable ASCII without spaces, 1 to {@code max} bytes. */
    public static Text name(int max) {
        return new Text(max, true);
    }

    @Override
    public void write(FrameWriter out, String value) {
        if (name) {
            out.name(value, max);
        } else {
            out.text(value, max);
        }
    }

    @Override
    public String read(FrameReader in, String field) throws ProtocolException {
        return name ? in.name(field, max) : in.text(field, max);
    }

    @Override
    public String words() {
        return name ? "name, 1 to " + max + " bytes" : "text, at most " + max + " bytes";
    }

    @Override
    public int maxBytes() {
        return PREFIX + max;
    }

    @Override
    public List<String> bounds() {
        return name ? List.of("n", "~".repeat(max)) : List.of("", "\u00e9\n", "x".repeat(max));
    }

    @Override
    public List<byte[]> illegal() {
        byte[] notUtf8 = {0, 1, (byte) 0xff};
        byte[] tooLong = new byte[PREFIX + max + 1];
        tooLong[0] = (byte) (max + 1 >>> 8);
        tooLong[1] = (byte) (max + 1);
        return name ? List.of(notUtf8, tooLong, new byte[] {0, 0}, new byte[] {0, 1, ' '}) : List.of(notUtf8, tooLong);
    }
}
