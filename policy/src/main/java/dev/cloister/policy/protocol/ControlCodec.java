package dev.cloister.policy.protocol;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The line protocol of the control socket: one JSON object to a line, UTF-8, requests at most {@link #MAX_REQUEST} bytes,
 * replies at most {@link #MAX_REPLY}. What a reply has are the
 * components of its record, what a request may have are the {@link RequestField fields} of a request. Stateless and thread-safe.
 */
public final class ControlCodec {
    /** Version of the protocol; both sides come from one build, so any other is refused. */
    public static final int VERSION = 1;
    /** Most bytes of a request line, without the newline. */
    public static final int MAX_REQUEST = 65_536;
    /** Most bytes of a reply line, without the newline. */
    public static final int MAX_REPLY = 8 << 20;

    private static final String REQUEST = "request";
    private static final String REPLY = "reply";
    private static final String VERSION_FIELD = "version";

    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(8)
                    .maxStringLength(MAX_REQUEST)
                    .maxNumberLength(32)
                    .build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    /** The kinds of replies by their names on the wire. */
    private static final Map<String, Class<?>> REPLIES = Arrays.stream(ControlReply.class.getPermittedSubclasses())
            .collect(Collectors.toUnmodifiableMap(ControlCodec::replyName, Function.identity()));

    private ControlCodec() {}

    /**
     * Encodes a request: what is as by default is left out.
     *
     * @param request the request
     * @return one line without its newline
     */
    public static String encode(ControlRequest request) {
        return line(out -> {
            out.writeNumberField(VERSION_FIELD, VERSION);
            out.writeStringField("command", request.command().text());
            for (RequestField field : RequestField.values()) {
                if (!field.get(request).equals(field.byDefault())) {
                    field.write(out, request);
                }
            }
        });
    }

    /**
     * Encodes a reply.
     *
     * @param reply the reply
     * @return one line without its newline
     */
    public static String encode(ControlReply reply) {
        return line(out -> {
            out.writeNumberField(VERSION_FIELD, VERSION);
            out.writeBooleanField("ok", !(reply instanceof ControlReply.Failed));
            out.writeStringField(REPLY, replyName(reply.getClass()));
            RecordJson.members(out, (Record) reply);
        });
    }

    /**
     * Encodes a part of a reply alone, for commands that print it.
     *
     * @param part such as {@link ScheduleView}
     * @return one line without its newline
     */
    public static String json(Record part) {
        return line(out -> RecordJson.members(out, part));
    }

    /** Writes members of an object. */
    private interface Body {
        void write(JsonGenerator out) throws IOException;
    }

    private static String line(Body body) {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = JSON.createGenerator(text)) {
            out.writeStartObject();
            body.write(out);
            out.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        return text.toString();
    }

    /** The name of a kind of replies: its record's, lower case with hyphens. */
    static String replyName(Class<?> type) {
        return type.getSimpleName().replaceAll("(?<!^)([A-Z])", "-$1").toLowerCase(Locale.ROOT);
    }

    /**
     * Decodes a request line.
     *
     * @param line the line without its newline
     * @return the request
     * @throws ProtocolException if it is not JSON, is of another version, has unknown or missing fields, or a value out of range
     */
    public static ControlRequest decodeRequest(String line) throws ProtocolException {
        Map<String, Object> fields = object(REQUEST, line, "a JSON object such as {\"command\":\"ps\"}");
        checkVersion(REQUEST, fields.remove(VERSION_FIELD));
        Object command = fields.remove("command");
        ControlRequest.Command known = command(command == null ? "missing" : command.toString());
        Map<RequestField, Object> values = new EnumMap<>(RequestField.class);
        for (RequestField field : RequestField.values()) {
            Object value = fields.remove(field.wireName());
            values.put(field, value == null ? field.byDefault() : field.read(value));
        }
        if (!fields.isEmpty()) {
            throw new ProtocolException(
                    REQUEST, "field", fields.keySet().iterator().next(), RequestField.names());
        }
        ControlRequest request = RequestField.request(known, values);
        requireSubject(request);
        return request;
    }

    private static void requireSubject(ControlRequest request) throws ProtocolException {
        switch (request.command().subject()) {
            case NONE -> {}
            case DOMAIN -> require(!request.domain().isEmpty(), "domain", "missing", "the name of a domain");
            case FLOW -> require(!request.flow().isEmpty(), "flow", "missing", "the name of a flow");
            case FILE -> require(!request.path().isEmpty(), "path", "missing", "the path of a policy file");
            case MAJOR -> require(!request.major().isEmpty(), "major", "missing", "the name of a major frame");
        }
    }

    private static void require(boolean holds, String field, String found, String expected) throws ProtocolException {
        if (!holds) {
            throw new ProtocolException(REQUEST, field, found, expected);
        }
    }

    private static void checkVersion(String message, @Nullable Object version) throws ProtocolException {
        if (version != null && !version.equals((long) VERSION)) {
            throw new ProtocolException(message, VERSION_FIELD, version.toString(), Integer.toString(VERSION));
        }
    }

    /**
     * Decodes a reply line.
     *
     * @param line the line without its newline
     * @return the reply
     * @throws ProtocolException if it is not a reply of this protocol
     */
    public static ControlReply decodeReply(String line) throws ProtocolException {
        Map<String, Object> members = object(REPLY, line, "a JSON object");
        checkVersion(REPLY, members.get(VERSION_FIELD));
        String name = RecordJson.expect(REPLY, REPLY, members.get(REPLY), String.class, "a string");
        Class<?> type = REPLIES.get(name);
        if (type == null) {
            throw new ProtocolException(REPLY, REPLY, name, "one of " + REPLIES.keySet());
        }
        return (ControlReply) RecordJson.record(REPLY, members, type);
    }

    private static Map<String, Object> object(String message, String line, String expected) throws ProtocolException {
        try (JsonParser in = JSON.createParser(line)) {
            if (in.nextToken() == JsonToken.START_OBJECT) {
                Map<String, Object> members = RecordJson.object(in);
                if (in.nextToken() == null) {
                    return members;
                }
                throw new ProtocolException(message, "line", line, "one JSON object and nothing after it");
            }
            throw new ProtocolException(message, "line", line, "a JSON object");
        } catch (ProtocolException e) {
            throw e;
        } catch (IOException e) {
            throw new ProtocolException(message, "line", line, expected);
        }
    }

    private static ControlRequest.Command command(String text) throws ProtocolException {
        for (ControlRequest.Command command : ControlRequest.Command.values()) {
            if (command.text().equals(text)) {
                return command;
            }
        }
        throw new ProtocolException(
                REQUEST,
                "command",
                text,
                Arrays.stream(ControlRequest.Command.values())
                        .map(ControlRequest.Command::text)
                        .collect(Collectors.joining(", ")));
    }
}
