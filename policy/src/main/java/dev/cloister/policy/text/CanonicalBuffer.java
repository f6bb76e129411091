package dev.cloister.policy.text;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;

/** Bytes that grow up to a bound; parts of them can be put into another order. */
final class CanonicalBuffer {
    /** Most bytes: short numbers can have long canonical forms, which bounds alone by the input's size would not hold. */
    static final int MAX_BYTES = 2 * Lexer.MAX_BYTES;

    private static final int LEAST = 256;

    private byte[] bytes;
    private byte[] scratch = new byte[0];
    private int length;

    CanonicalBuffer(int expected) {
        bytes = new byte[Math.max(LEAST, expected)];
    }

    int length() {
        return length;
    }

    byte[] array() {
        return bytes;
    }

    byte[] toByteArray() {
        return Arrays.copyOf(bytes, length);
    }

    void feed(MessageDigest digest) {
        digest.update(bytes, 0, length);
    }

    void add(char ascii) throws TextException {
        room(1);
        bytes[length++] = (byte) ascii;
    }

    void add(String text) throws TextException {
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        add(encoded, 0, encoded.length);
    }

    void add(byte[] from, int start, int end) throws TextException {
        room(end - start);
        System.arraycopy(from, start, bytes, length, end - start);
        length += end - start;
    }

    /** Writes a string in the quotes and with the escapes of RFC 8785 section 3.2.2.2. */
    void quote(String string) throws TextException {
        add('"');
        int plain = 0;
        for (int i = 0; i < string.length(); i++) {
            char c = string.charAt(i);
            if (c >= ' ' && c != '"' && c != '\\') {
                continue;
            }
            add(string.substring(plain, i));
            add(escape(c));
            plain = i + 1;
        }
        add(string.substring(plain));
        add('"');
    }

    /**
     * Puts the parts of a list into another order, with commas between them. The list must end where the buffer ends.
     *
     * @param start where the list begins
     * @param spans pairs of start and end of each part
     * @param first index in {@code spans} of the first part's start
     * @param order the parts' numbers in their new order
     */
    void reorder(int start, int[] spans, int first, int[] order, int count) {
        int size = length - start;
        if (scratch.length < size) {
            scratch = new byte[Math.max(size, LEAST)];
        }
        int to = 0;
        for (int i = 0; i < count; i++) {
            if (i > 0) {
                scratch[to++] = ',';
            }
            int part = first + 2 * order[i];
            int partLength = spans[part + 1] - spans[part];
            System.arraycopy(bytes, spans[part], scratch, to, partLength);
            to += partLength;
        }
        System.arraycopy(scratch, 0, bytes, start, size);
    }

    private static String escape(char c) {
        return switch (c) {
            case '\b' -> "\\b";
            case '\t' -> "\\t";
            case '\n' -> "\\n";
            case '\f' -> "\\f";
            case '\r' -> "\\r";
            case '"' -> "\\\"";
            case '\\' -> "\\\\";
            default -> String.format("\\u%04x", (int) c);
        };
    }

    private void room(int more) throws TextException {
        if (more > MAX_BYTES - length) {
            throw new TextException(
                    0, 0, "the canonical form has more than " + MAX_BYTES + " bytes", "shorter numbers or less text");
        }
        if (more > bytes.length - length) {
            bytes = Arrays.copyOf(bytes, Math.min(MAX_BYTES, Math.max(2 * bytes.length, length + more)));
        }
    }
}
