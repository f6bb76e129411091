package dev.cloister.policy.language;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import dev.cloister.policy.model.FindingId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads a JSON document into values that know their place, within fixed bounds of size, depth and count. */
final class JsonTree {
    /** Largest file in bytes, and most bytes of a policy with its fragments: three times 10,000 domains with 100,000 flows. */
    static final int MAX_BYTES = 64 << 20;

    /** Deepest nesting; the language needs eight levels. */
    static final int MAX_DEPTH = 32;

    /** Most values; bounds the memory that a dense file can claim. */
    static final int MAX_VALUES = 4_000_000;

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxStringLength(1 << 16)
                    .maxNameLength(256)
                    .maxNumberLength(64)
                    .build())
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .enable(JsonReadFeature.ALLOW_JAVA_COMMENTS)
            .enable(JsonReadFeature.ALLOW_TRAILING_COMMA)
            .enable(JsonReadFeature.ALLOW_SINGLE_QUOTES)
            .enable(JsonReadFeature.ALLOW_UNQUOTED_FIELD_NAMES)
            .enable(JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS)
            .enable(JsonReadFeature.ALLOW_LEADING_DECIMAL_POINT_FOR_NUMBERS)
            .build();

    private static final String FORM = "JSON (RFC 8259), with JSON5's comments, trailing commas and quotes if you like";

    /** What a lenient decoder writes for bytes that are no text. */
    private static final char REPLACEMENT = '\uFFFD';

    private final Problems problems;
    private final JsonParser parser;
    private int values;

    private JsonTree(Problems problems, JsonParser parser) {
        this.problems = problems;
        this.parser = parser;
    }

    /** Parses, or reports why not and returns nothing. */
    static Optional<Json> parse(byte[] bytes, Problems problems) {
        if (bytes.length > MAX_BYTES) {
            problems.errorAt(
                    FindingId.UNREADABLE,
                    0,
                    0,
                    "the file has " + bytes.length + " bytes",
                    "at most " + MAX_BYTES + " bytes",
                    "");
            return Optional.empty();
        }
        Optional<String> text = decode(bytes, problems);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try (JsonParser parser = FACTORY.createParser(text.get())) {
            return parse(parser, problems);
        } catch (IOException e) {
            throw new IllegalStateException("a text in memory can be read", e);
        }
    }

    private static Optional<Json> parse(JsonParser parser, Problems problems) {
        try {
            return document(parser, problems);
        } catch (JsonProcessingException e) {
            // Those about limits know no place of their own.
            JsonLocation at = e.getLocation() == null ? parser.currentLocation() : e.getLocation();
            syntax(problems, at, Problems.shorten(e.getOriginalMessage()), FORM);
        } catch (IOException e) {
            syntax(problems, parser.currentLocation(), String.valueOf(e.getMessage()), FORM);
        }
        return Optional.empty();
    }

    private static Optional<Json> document(JsonParser parser, Problems problems) throws IOException {
        JsonTree tree = new JsonTree(problems, parser);
        if (parser.nextToken() == null) {
            problems.errorAt(FindingId.SYNTAX, 1, 1, "the file is empty", "a JSON object", "");
            return Optional.empty();
        }
        Json root = tree.value();
        if (parser.nextToken() != null) {
            syntax(problems, parser.currentTokenLocation(), "text after the end of the policy", "one JSON object");
            return Optional.empty();
        }
        return Optional.of(root);
    }

    private static void syntax(Problems problems, JsonLocation at, String message, String expected) {
        problems.errorAt(FindingId.SYNTAX, at.getLineNr(), at.getColumnNr(), message, expected, "");
    }

    /** Decodes UTF-8, or reports the first byte that is none. */
    private static Optional<String> decode(byte[] bytes, Problems problems) {
        String lenient = new String(bytes, StandardCharsets.UTF_8);
        if (lenient.indexOf(REPLACEMENT) < 0) {
            return Optional.of(lenient);
        }
        // UTF-8 never has more characters than bytes.
        CharBuffer text = CharBuffer.allocate(bytes.length);
        CoderResult result = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .decode(ByteBuffer.wrap(bytes), text, true);
        text.flip();
        if (!result.isError()) {
            return Optional.of(text.toString());
        }
        String before = text.toString();
        int line = 1 + (int) before.chars().filter(c -> c == '\n').count();
        int column = before.length() - before.lastIndexOf('\n');
        problems.errorAt(
                FindingId.UNREADABLE, line, column, "the file is not valid UTF-8", "UTF-8 text", "save it as UTF-8");
        return Optional.empty();
    }

    private Json value() throws IOException {
        JsonLocation at = parser.currentTokenLocation();
        int line = at.getLineNr();
        int column = at.getColumnNr();
        if (++values > MAX_VALUES) {
            throw new IOException("more than " + MAX_VALUES + " values");
        }
        JsonToken token = parser.currentToken();
        return switch (token) {
            case START_OBJECT -> object(line, column);
            case START_ARRAY -> array(line, column);
            case VALUE_STRING -> new Json.Text(line, column, parser.getText());
            default -> scalar(token, line, column);
        };
    }

    private Json scalar(JsonToken token, int line, int column) throws IOException {
        return switch (token) {
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> number(line, column);
            case VALUE_TRUE, VALUE_FALSE -> new Json.Bool(line, column, token == JsonToken.VALUE_TRUE);
            case VALUE_NULL -> new Json.Null(line, column);
            default -> throw new IOException("unexpected " + token);
        };
    }

    private Json number(int line, int column) throws IOException {
        String text = parser.getText();
        try {
            return new Json.Int(line, column, Long.parseLong(text));
        } catch (NumberFormatException _) {
            return new Json.Real(line, column, text);
        }
    }

    private Json array(int line, int column) throws IOException {
        List<Json> items = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            items.add(value());
        }
        return new Json.Arr(line, column, items);
    }

    private Json object(int line, int column) throws IOException {
        Members members = new Members();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            JsonLocation at = parser.currentTokenLocation();
            String name = parser.currentName();
            parser.nextToken();
            Json value = value();
            Json.Member member = new Json.Member(at.getLineNr(), at.getColumnNr(), value);
            members.add(name, member).ifPresent(first -> twice(name, member, first));
        }
        return new Json.Obj(line, column, members);
    }

    private void twice(String name, Json.Member member, Json.Member first) {
        problems.errorAt(
                FindingId.DUPLICATE_KEY,
                member.line(),
                member.column(),
                "\"" + Problems.shorten(name) + "\" appears twice in one object, first at line " + first.line()
                        + ", column " + first.column(),
                "each name once",
                "remove one");
    }
}
