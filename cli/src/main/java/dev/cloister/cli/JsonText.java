package dev.cloister.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.function.UnaryOperator;

/** Writes one JSON document for {@code --json}. */
public final class JsonText {
    static final JsonFactory FACTORY = new JsonFactory();

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
