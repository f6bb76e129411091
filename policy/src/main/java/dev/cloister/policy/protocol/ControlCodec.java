package dev.cloister.policy.protocol;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The line protocol of the control socket: one JSON object to a line, UTF-8, requests at most {@link #MAX_REQUEST} bytes,
 * replies at most {@link #MAX_REPLY}. Stateless and thread-safe.
 */
public final class ControlCodec {
    /** Most bytes of a request line, without the newline. */
    public static final int MAX_REQUEST = 65_536;
    /** Most bytes of a reply line, without the newline. */
    public static final int MAX_REPLY = 8 << 20;

    static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(8)
                    .maxStringLength(MAX_REQUEST)
                    .maxNumberLength(32)
                    .build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private static final String REQUEST = "request";

    private ControlCodec() {}

    /**
     * Encodes a request.
     *
     * @param request the request
     * @return one line without its newline
     */
    public static String encode(ControlRequest request) {
        return ReplyWriter.object(out -> {
            out.writeStringField("command", request.command().text());
            switch (request.command().subject()) {
                case NONE -> {}
                case DOMAIN -> out.writeStringField("domain", request.domain());
                case FLOW -> out.writeStringField("flow", request.flow());
            }
            if (request.command() == ControlRequest.Command.WATCH) {
                out.writeNumberField("intervalMillis", request.intervalMillis());
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
        return ReplyWriter.line(reply);
    }

    /**
     * Decodes a request line.
     *
     * @param line the line without its newline
     * @return the request
     * @throws ProtocolException if it is not JSON, has unknown or missing fields, or a value out of range
     */
    public static ControlRequest decodeRequest(String line) throws ProtocolException {
        Map<String, String> fields = fields(line);
        String command = fields.remove("command");
        String domain = fields.getOrDefault("domain", "");
        String flow = fields.getOrDefault("flow", "");
        fields.remove("domain");
        fields.remove("flow");
        String interval = fields.remove("intervalMillis");
        if (!fields.isEmpty()) {
            String unknown = fields.keySet().iterator().next();
            throw new ProtocolException(REQUEST, "field", unknown, "command, domain, flow or intervalMillis");
        }
        ControlRequest.Command known = command(command == null ? "missing" : command);
        requireSubject(known, domain, flow);
        return new ControlRequest(
                known, domain, flow, interval == null ? ControlRequest.DEFAULT_INTERVAL : interval(interval));
    }

    private static void requireSubject(ControlRequest.Command command, String domain, String flow)
            throws ProtocolException {
        switch (command.subject()) {
            case NONE -> {}
            case DOMAIN -> require(!domain.isEmpty(), "domain", "missing", "the name of a domain");
            case FLOW -> require(!flow.isEmpty(), "flow", "missing", "the name of a flow");
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
        return ReplyReader.read(line);
    }

    /** Reads a flat object of strings and numbers. */
    private static Map<String, String> fields(String line) throws ProtocolException {
        try (JsonParser in = JSON.createParser(line)) {
            require(in.nextToken() == JsonToken.START_OBJECT, line, "a JSON object");
            Map<String, String> fields = new HashMap<>();
            while (in.nextToken() == JsonToken.FIELD_NAME) {
                String name = in.currentName();
                JsonToken value = in.nextToken();
                require(value != null && value.isScalarValue(), name, "a field with a string or a number");
                fields.put(name, in.getText());
            }
            require(in.nextToken() == null, line, "one JSON object and nothing after it");
            return fields;
        } catch (ProtocolException e) {
            throw e;
        } catch (IOException e) {
            throw new ProtocolException(REQUEST, "line", line, "a JSON object such as {\"command\":\"ps\"}");
        }
    }

    private static void require(boolean holds, String found, String expected) throws ProtocolException {
        require(holds, "line", found, expected);
    }

    private static void require(boolean holds, String field, String found, String expected) throws ProtocolException {
        if (!holds) {
            throw new ProtocolException(REQUEST, field, found, expected);
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

    private static int interval(String text) throws ProtocolException {
        try {
            int millis = Integer.parseInt(text);
            if (millis >= ControlRequest.MIN_INTERVAL && millis <= ControlRequest.MAX_INTERVAL) {
                return millis;
            }
        } catch (NumberFormatException e) {
            // Reported below with the range.
        }
        throw new ProtocolException(
                REQUEST, "intervalMillis", text, ControlRequest.MIN_INTERVAL + " to " + ControlRequest.MAX_INTERVAL);
    }
}
