package dev.cloister.it.differential;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import java.util.StringJoiner;

/**
 * A case as one line: {@code code=4801d8 rax=5 flags=202 …}. What isn't named has its initial value: registers 0, RSP in the data
 * pages, flags 202, the save area after reset, 64-bit code. {@code sN} are the selectors of ES, CS, SS, DS, FS, GS; {@code pN} and {@code xN} are the 8 bytes at N of the patch and of the save area.
 */
final class CaseText {
    private static final String CODE = "code";
    private static final String BITS = "bits";
    private static final String AT = "at";
    private static final String FLAGS = "flags";
    private static final String FS = "fs";
    private static final String GS = "gs";
    private static final String PATCH = "patch";

    private CaseText() {}

    static String format(TestCase c) {
        TestCase blank = new TestCase();
        StringJoiner text = new StringJoiner(" ");
        text.add(CODE + "=" + c.hex());
        if (c.bits != blank.bits) {
            text.add(BITS + "=" + c.bits);
        }
        for (int s = 0; s < c.selectors.length; s++) {
            add(text, "s" + s, c.selectors[s], blank.selectors[s]);
        }
        add(text, AT, c.codeOffset, blank.codeOffset);
        for (int r = 0; r < 16; r++) {
            add(text, Comparison.register(r), c.gpr[r], blank.gpr[r]);
        }
        add(text, FLAGS, c.rflags, blank.rflags);
        add(text, FS, c.fsBase, blank.fsBase);
        add(text, GS, c.gsBase, blank.gsBase);
        add(text, PATCH, c.patchOffset, blank.patchOffset);
        words(text, "p", c.patch, blank.patch);
        words(text, "x", c.xsave, blank.xsave);
        return text.toString();
    }

    private static void add(StringJoiner text, String name, long value, long initial) {
        if (value != initial) {
            text.add(name + "=" + Long.toHexString(value));
        }
    }

    private static void words(StringJoiner text, String name, byte[] values, byte[] initial) {
        for (int n = 0; n < values.length; n += 8) {
            add(
                    text,
                    name + n,
                    MemorySegment.ofArray(values).get(JAVA_LONG_UNALIGNED, n),
                    MemorySegment.ofArray(initial).get(JAVA_LONG_UNALIGNED, n));
        }
    }

    static TestCase parse(String line) {
        TestCase c = new TestCase();
        c.form = line;
        for (String token : line.strip().split("\\s+")) {
            int equals = token.indexOf('=');
            if (equals < 0) {
                throw new IllegalArgumentException("no name=value: " + token);
            }
            set(c, token.substring(0, equals), token.substring(equals + 1));
        }
        return c;
    }

    private static void set(TestCase c, String name, String value) {
        if (name.equals(CODE)) {
            c.code = HexFormat.of().parseHex(value);
            return;
        }
        if (name.equals(BITS)) {
            c.bits = Integer.parseInt(value);
            return;
        }
        long number = Long.parseUnsignedLong(value, 16);
        switch (name) {
            case AT -> c.codeOffset = Math.toIntExact(number);
            case FLAGS -> c.rflags = number;
            case FS -> c.fsBase = number;
            case GS -> c.gsBase = number;
            case PATCH -> c.patchOffset = Math.toIntExact(number);
            default -> setNumbered(c, name, number);
        }
    }

    private static void setNumbered(TestCase c, String name, long number) {
        for (int r = 0; r < 16; r++) {
            if (Comparison.register(r).equals(name)) {
                c.gpr[r] = number;
                return;
            }
        }
        if (name.charAt(0) == 's') {
            c.selectors[Integer.parseInt(name.substring(1))] = Math.toIntExact(number);
            return;
        }
        byte[] where = name.charAt(0) == 'p' ? c.patch : c.xsave;
        MemorySegment.ofArray(where).set(JAVA_LONG_UNALIGNED, Integer.parseInt(name.substring(1)), number);
    }
}
