package dev.cloister.cli.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.function.UnaryOperator;

/** Writes one JSON document for {@code --json}. */
public final class JsonText {
    private static final JsonFactory FACTORY = new JsonFactory();

    private JsonText() {}

    /** What fills the document. */
    @FunctionalInterface
    public interface Body {
        /** Writes exactly one value. */
        void write(JsonGenerator json) throws IOException;
    }

    /** Returns the document that {@code body} writes, indented, without a line end. */
    public static String of(Body body) {
        return write(body, JsonGenerator::useDefaultPrettyPrinter);
    }

    /** Returns the document that {@code body} writes in one line, without its end. */
    public static String line(Body body) {
        return write(body, UnaryOperator.identity());
    }

    /** Writes a member of an object: the name, and an array of strings. */
    public static void strings(JsonGenerator json, String name, Iterable<String> values) throws IOException {
        json.writeArrayFieldStart(name);
        for (String value : values) {
            json.writeString(value);
        }
        json.writeEndArray();
    }

    /**
     * Writes a document that others wrote as a value of this one: as it is, or as a string if it isn't JSON.
     *
     * @param json where a value is expected
     * @param text the document
     * @throws IOException if {@code json} can't be written
     */
    public static void copy(JsonGenerator json, String text) throws IOException {
        // Parsed whole before anything is written, so that a broken text leaves no broken document.
        StringWriter checked = new StringWriter();
        try (JsonParser parser = FACTORY.createParser(text);
                JsonGenerator trial = FACTORY.createGenerator(checked)) {
            parser.nextToken();
            trial.copyCurrentStructure(parser);
        } catch (JsonProcessingException e) {
            json.writeString(text);
            return;
        }
        try (JsonParser parser = FACTORY.createParser(checked.toString())) {
            parser.nextToken();
            json.copyCurrentStructure(parser);
        }
    }

    private static String write(Body body, UnaryOperator<JsonGenerator> form) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = form.apply(FACTORY.createGenerator(text))) {
            body.write(json);
        } catch (IOException e) {
            throw new UncheckedIOException("a string writer does not fail", e);
        }
        return text.toString();
    }
}
