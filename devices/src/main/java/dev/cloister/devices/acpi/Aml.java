package dev.cloister.devices.acpi;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Terms of the ACPI Machine Language (ACPI 6.5, chapter 20), each as its bytes; terms nest by being arguments. Names have one segment
 * of at most four characters, after a backslash if they begin at the root.
 */
final class Aml {
    private static final int ZERO_OP = 0x00;
    private static final int ONE_OP = 0x01;
    private static final int NAME_OP = 0x08;
    private static final int BYTE_PREFIX = 0x0A;
    private static final int WORD_PREFIX = 0x0B;
    private static final int DWORD_PREFIX = 0x0C;
    private static final int STRING_PREFIX = 0x0D;
    private static final int QWORD_PREFIX = 0x0E;
    private static final int SCOPE_OP = 0x10;
    private static final int BUFFER_OP = 0x11;
    private static final int PACKAGE_OP = 0x12;
    private static final int METHOD_OP = 0x14;
    private static final int ARG0_OP = 0x68;
    private static final int STORE_OP = 0x70;
    private static final int IF_OP = 0xA0;
    private static final int RETURN_OP = 0xA4;
    private static final int EXTENDED_PREFIX = 0x5B;
    private static final int DEVICE_OP = 0x82;
    private static final int SEGMENT = 4;
    private static final int SHORT_LENGTH = 0x3F;
    private static final int LONGEST_LENGTH = 0x0FFF_FFFF;
    private static final int MOST_ELEMENTS = 255;

    private Aml() {}

    /** Terms one after the other. */
    static byte[] list(byte[]... terms) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] term : terms) {
            out.writeBytes(term);
        }
        return out.toByteArray();
    }

    /** {@code Scope (name) { terms }}. */
    static byte[] scope(String name, byte[]... terms) {
        return list(bytes(SCOPE_OP), measured(list(nameString(name), list(terms))));
    }

    /** {@code Device (name) { terms }}. */
    static byte[] device(String name, byte[]... terms) {
        return list(bytes(EXTENDED_PREFIX, DEVICE_OP), measured(list(nameString(name), list(terms))));
    }

    /** {@code Name (name, value)}. */
    static byte[] name(String name, byte[] value) {
        return list(bytes(NAME_OP), nameString(name), value);
    }

    /** {@code Method (name, arguments) { terms }}. */
    static byte[] method(String name, int arguments, byte[]... terms) {
        return list(bytes(METHOD_OP), measured(list(nameString(name), bytes(arguments), list(terms))));
    }

    /** {@code name = Arg0}. */
    static byte[] storeFirstArgument(String name) {
        return list(bytes(STORE_OP, ARG0_OP), nameString(name));
    }

    /** {@code If (name) { terms }}. */
    static byte[] when(String name, byte[]... terms) {
        return list(bytes(IF_OP), measured(list(nameString(name), list(terms))));
    }

    /** {@code Return (name)}. */
    static byte[] returned(String name) {
        return list(bytes(RETURN_OP), nameString(name));
    }

    /** {@code Package () { elements }}. */
    static byte[] pack(byte[]... elements) {
        if (elements.length > MOST_ELEMENTS) {
            throw new IllegalArgumentException(
                    elements.length + " elements in an AML package; at most " + MOST_ELEMENTS);
        }
        return list(bytes(PACKAGE_OP), measured(list(bytes(elements.length), list(elements))));
    }

    /** {@code Buffer () { content }}. */
    static byte[] buffer(byte[] content) {
        return list(bytes(BUFFER_OP), measured(list(integer(content.length), content)));
    }

    /** {@code "text"}; ASCII without NUL. */
    static byte[] string(String text) {
        return list(bytes(STRING_PREFIX), text.getBytes(StandardCharsets.US_ASCII), bytes(0));
    }

    /** An unsigned number in its shortest form. */
    static byte[] integer(long value) {
        if (value == 0) {
            return bytes(ZERO_OP);
        }
        if (value == 1) {
            return bytes(ONE_OP);
        }
        if (value >>> Byte.SIZE == 0) {
            return list(bytes(BYTE_PREFIX), number(value, Byte.BYTES));
        }
        if (value >>> Short.SIZE == 0) {
            return list(bytes(WORD_PREFIX), number(value, Short.BYTES));
        }
        return value >>> Integer.SIZE == 0
                ? list(bytes(DWORD_PREFIX), number(value, Integer.BYTES))
                : list(bytes(QWORD_PREFIX), number(value, Long.BYTES));
    }

    /** {@code EisaId (id)}: three letters and four hexadecimal digits in one number (ACPI 6.5, 19.6.37). */
    static byte[] eisaId(String id) {
        int letters = 0;
        for (int i = 0; i < 3; i++) {
            letters = letters << 5 | id.charAt(i) - '@';
        }
        int product = Integer.parseInt(id, 3, 7, 16);
        return integer(Integer.toUnsignedLong(Integer.reverseBytes(letters << Short.SIZE | product)));
    }

    /** A number's low bytes, lowest first. */
    static byte[] number(long value, int size) {
        byte[] result = new byte[size];
        for (int i = 0; i < size; i++) {
            result[i] = (byte) (value >>> Byte.SIZE * i);
        }
        return result;
    }

    static byte[] bytes(int... values) {
        byte[] result = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            result[i] = (byte) values[i];
        }
        return result;
    }

    private static byte[] nameString(String name) {
        boolean root = name.startsWith("\\");
        String segment = root ? name.substring(1) : name;
        if (segment.isEmpty() || segment.length() > SEGMENT) {
            throw new IllegalArgumentException("AML name \"" + name + "\"; expected one segment of 1 to 4 characters");
        }
        String padded = (root ? "\\" : "") + segment + "_".repeat(SEGMENT - segment.length());
        return padded.getBytes(StandardCharsets.US_ASCII);
    }

    /** A PkgLength, which counts itself, and what it measures (ACPI 6.5, 20.2.4). */
    private static byte[] measured(byte[] content) {
        int length = content.length + 1;
        if (length <= SHORT_LENGTH) {
            return list(bytes(length), content);
        }
        int following = 1;
        while (content.length + 1 + following >= 1 << 4 + Byte.SIZE * following) {
            following++;
        }
        length = content.length + 1 + following;
        if (length > LONGEST_LENGTH) {
            throw new IllegalArgumentException("AML term of " + length + " bytes; at most " + LONGEST_LENGTH);
        }
        return list(bytes(following << 6 | length & 0xF), number(length >>> 4, following), content);
    }
}
