package dev.cloister.policy.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Canonical JSON is RFC 8785's: its own examples, and a slow literal writer over random values and styles. */
class CanonicalTest {
    private static final int CASES = 3000;

    static String canonical(String text) throws TextException {
        return new String(Canonical.bytes(text.getBytes(StandardCharsets.UTF_8)), StandardCharsets.UTF_8);
    }

    /** RFC 8785 section 3.2.2. */
    @Test
    void writesTheExampleOfTheStandard() throws TextException {
        assertThat(canonical("""
            {
              "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
              "string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
              "literals": [null, true, false]
            }
            """))
                .isEqualTo("{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
                        + "\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
    }

    /** RFC 8785 section 3.2.3. */
    @Test
    void sortsNamesByTheirUtf16Units() throws TextException {
        assertThat(canonical("""
            {"\\u20ac": "Euro", "\\r": "CR", "\\ufb33": "Dalet", "1": "One", "\\ud83d\\ude00": "Face", "\\u0080": "Control",
             "\\u00f6": "o", "ab": 1, "a": 2, "": 3, "\\"": 4, "\\\\": 5, "\\b": 6, "\\u0001": 7, "\\t": 8, "[": 9, "]": 10}
            """))
                .isEqualTo("{\"\":3,\"\\u0001\":7,\"\\b\":6,\"\\t\":8,\"\\r"
                        + "\":\"CR\",\"\\\"\":4,\"1\":\"One\",\"[\":9,\"\\\\\":5,"
                        + "\"]\":10,\"a\":2,\"ab\":1,\"\u0080\":\"Control\",\"ö\":\"o\",\"€\":\"Euro\",\"😀\":\"Face\","
                        + "\"\uFB33\":\"Dalet\"}");
    }

    /** RFC 8785 appendix B. */
    @ParameterizedTest
    @CsvSource({
        "0000000000000000, 0",
        "8000000000000000, 0",
        "0000000000000001, 5e-324",
        "8000000000000001, -5e-324",
        "7fefffffffffffff, 1.7976931348623157e+308",
        "ffefffffffffffff, -1.7976931348623157e+308",
        "4340000000000000, 9007199254740992",
        "c340000000000000, -9007199254740992",
        "4430000000000000, 295147905179352830000",
        "44b52d02c7e14af5, 9.999999999999997e+22",
        "44b52d02c7e14af6, 1e+23",
        "44b52d02c7e14af7, 1.0000000000000001e+23",
        "444b1ae4d6e2ef4e, 999999999999999700000",
        "444b1ae4d6e2ef4f, 999999999999999900000",
        "444b1ae4d6e2ef50, 1e+21",
        "3eb0c6f7a0b5ed8c, 9.999999999999997e-7",
        "3eb0c6f7a0b5ed8d, 0.000001",
        "41b3de4355555553, 333333333.3333332",
        "41b3de4355555554, 333333333.33333325",
        "41b3de4355555555, 333333333.3333333",
        "41b3de4355555556, 333333333.3333334",
        "41b3de4355555557, 333333333.33333343",
        "becbf647612f3696, -0.0000033333333333333333",
        "43143ff3c1cb0959, 1424953923781206.2",
    })
    void writesNumbersAsTheStandardDoes(String bits, String expected) throws TextException {
        double value = Double.longBitsToDouble(Long.parseUnsignedLong(bits, 16));
        assertThat(EcmaNumber.of(value)).isEqualTo(expected);
        assertThat(canonical(Double.toString(value))).isEqualTo(expected);
    }

    /** ECMA-262 Number::toString: the fewest digits that read back as the value, of those the closest to it, then the even. */
    @Test
    void writesTheShortestClosestDigits() {
        Random random = new Random(8785);
        for (int i = 0; i < 20_000; i++) {
            long bits = random.nextLong();
            double value =
                    Double.longBitsToDouble(i % 2 == 0 ? bits : (bits & 0xfff0_0000_0000_0000L) | random.nextInt(3));
            if (Double.isFinite(value) && value != 0) {
                String text = EcmaNumber.of(value);
                assertThat(new BigDecimal(text)).as("%s of %x", text, bits).isEqualByComparingTo(shortest(value));
                assertThat(text)
                        .matches(
                                "-?(0|[1-9]\\d{0,20}|(0|[1-9]\\d{0,20})\\.\\d*[1-9]|[1-9](\\.\\d*[1-9])?e[+-][1-9]\\d*)");
                assertThat(text).doesNotStartWith("0.0000000").doesNotStartWith("-0.0000000");
            }
        }
    }

    private static BigDecimal shortest(double value) {
        BigDecimal exact = new BigDecimal(value);
        for (int digits = 1; digits <= 17; digits++) {
            BigDecimal low = exact.round(new MathContext(digits, RoundingMode.DOWN));
            BigDecimal high = exact.round(new MathContext(digits, RoundingMode.UP));
            boolean lowReads = low.doubleValue() == value;
            boolean highReads = high.doubleValue() == value;
            if (lowReads && highReads) {
                int nearer =
                        exact.subtract(low).abs().compareTo(high.subtract(exact).abs());
                boolean lowIsEven = !low.setScale(digits - low.precision() + low.scale())
                        .unscaledValue()
                        .testBit(0);
                return nearer < 0 || (nearer == 0 && lowIsEven) ? low : high;
            }
            if (lowReads || highReads) {
                return lowReads ? low : high;
            }
        }
        throw new AssertionError("17 digits are always enough: " + value);
    }

    @Test
    void dependsOnTheValueAndNotOnTheStyle() throws TextException {
        for (long seed = 0; seed < CASES; seed++) {
            RandomJson json = new RandomJson(seed);
            Object value = json.value(5);
            String text = json.text(value);
            String canonical = canonicalOf(text, seed);
            assertThat(canonical).as("seed %d: %s", seed, text).isEqualTo(LiteralJson.of(value));
            assertThat(canonical(canonical)).as("seed %d again", seed).isEqualTo(canonical);
        }
    }

    private static String canonicalOf(String text, long seed) {
        try {
            return canonical(text);
        } catch (TextException e) {
            throw new AssertionError("seed " + seed + ": " + e.describe(text), e);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "``|1:1: the text is empty; expected a JSON value",
                "{} {}|1:4: text after the end of the document; expected one JSON value",
                "[1 2]|1:4: a value is not followed by , or the end; expected , or ]",
                "[,]|1:2: no value; expected a value",
                "{\"a\" 1}|1:6: a name is not followed by :; expected :",
                "{1: 1}|1:2: no name; expected a name",
                "{\"b\": 1, \"a\": 1, \"b\": 2}|1:24: the object that ends here has \"b\" twice; expected each name"
                        + " once",
                "[\"\\ud800\"]|1:2: the string has half of a surrogate pair; expected \\uD800–\\uDBFF with"
                        + " \\uDC00–\\uDFFF behind it",
                "[\"\\udc00\\ud800\"]|1:2: the string has half of a surrogate pair; expected \\uD800–\\uDBFF with"
                        + " \\uDC00–\\uDFFF behind it",
                "NaN|1:1: unknown word; expected true, false, null, or quotes around a string",
                "-Infinity|1:1: not a number; expected a decimal number",
                "1e400|1:1: a number beyond a double's range; expected at most 1.7976931348623157e308",
                "9007199254740993|1:1: a whole number that a double can't hold to its last digit; expected at most"
                        + " 9007199254740991, or a string",
                "1152921504606846976|1:1: a whole number that a double can't hold to its last digit; expected at most"
                        + " 9007199254740991, or a string",
                "012|1:1: a number with leading zeros; expected a decimal number",
                "1.|1:1: not a number; expected a decimal number",
                ".|1:1: not a number; expected a decimal number",
                "1e|1:1: not a number; expected a decimal number",
                "0x10|1:1: not a number; expected a decimal number",
                "1.2.3|1:1: not a number; expected a decimal number",
                "[\"a|1:2: the string has no end; expected a closing \" on the same line",
                "['a|1:2: the string has no end; expected a closing ' on the same line",
                "\"\\x41\"|1:2: unknown escape: \\ and 'x'; expected one of \\\" \\' \\\\ \\/ \\b \\f \\n \\r \\t \\u",
                "\"\\u12g4\"|1:2: \\u without four hexadecimal digits",
                "/* a|1:1: the comment has no end; expected */",
                "/|1:1: unexpected '/'; expected // or /* for a comment",
                "é|1:1: unexpected character U+00E9; expected JSON",
                "{é: 1}|1:2: unexpected character U+00E9; expected JSON",
            })
    void refusesWithThePlace(String text, String message) {
        assertThatThrownBy(() -> canonical(text))
                .isInstanceOfSatisfying(
                        TextException.class, e -> assertThat(e.describe("f")).startsWith("f:" + message));
    }

    @ParameterizedTest
    @ValueSource(strings = {"// a\u001b[2J\n1", "/* \u0000 */ 1", "1 // \u000b"})
    void refusesControlCharactersInComments(String text) {
        assertThatThrownBy(() -> canonical(text)).hasMessageContaining(" in a comment");
    }

    @Test
    void placesCountLinesAndUtf16Columns() {
        assertThatThrownBy(() -> canonical("[\r\n1,\r'€😀', // c\n /* \n */ 'ä' !]"))
                .isInstanceOfSatisfying(
                        TextException.class,
                        e -> assertThat(e.describe("f")).isEqualTo("f:5:9: unexpected '!'; expected JSON"));
    }

    @ParameterizedTest
    @ValueSource(ints = {0x80, 0xc0, 0xed, 0xff})
    void refusesWhatIsNotUtf8(int bad) {
        byte[] text = {'[', '\n', '"', (byte) bad, (byte) 0xa0, (byte) 0x80, '"', ']'};
        assertThatThrownBy(() -> Canonical.bytes(text))
                .isInstanceOfSatisfying(
                        TextException.class,
                        e -> assertThat(e.describe("f"))
                                .isEqualTo("f:2:2: the text is not valid UTF-8; expected UTF-8"));
    }

    @Test
    void refusesWhatIsBeyondTheBounds() throws TextException {
        assertThat(canonical("[".repeat(64) + "]".repeat(64))).hasSize(128);
        assertThatThrownBy(() -> canonical("[".repeat(65))).hasMessageContaining("nested more than 64 deep");
        assertThatThrownBy(() -> canonical("{a:".repeat(65))).hasMessageContaining("nested more than 64 deep");
        assertThatThrownBy(() -> canonical("1".repeat(1001))).hasMessageContaining("a number of 1001 characters");
        assertThatThrownBy(() -> canonical("\uFEFF{}")).hasMessageContaining("byte order mark");
        byte[] large = new byte[Lexer.MAX_BYTES + 1];
        Arrays.fill(large, (byte) ' ');
        assertThatThrownBy(() -> Canonical.bytes(large)).hasMessageContaining("67108865 bytes");
        Arrays.fill(large, (byte) ',');
        assertThatThrownBy(() -> Canonical.bytes(Arrays.copyOf(large, 1000))).hasMessageContaining("no value");
        byte[] dense = ("[" + "1,".repeat(Lexer.MAX_TOKENS / 2) + "1]").getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> Canonical.bytes(dense)).hasMessageContaining("more than 16000000 tokens");
        byte[] expanding = ("[" + "1e20,".repeat(7_000_000) + "1]").getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> Canonical.bytes(expanding)).hasMessageContaining("the canonical form has more than");
    }
}
