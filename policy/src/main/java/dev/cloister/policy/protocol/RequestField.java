package dev.cloister.policy.protocol;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.cloister.policy.model.Domain;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What a request may carry beside its command; each is left out where it is as by default. */
enum RequestField {
    /** The domain it concerns. */
    DOMAIN("domain", "", ControlRequest::domain, "name of a domain"),
    /** The flow it concerns. */
    FLOW("flow", "", ControlRequest::flow, "name of a flow"),
    /** The major frame it concerns. */
    MAJOR("major", "", ControlRequest::major, "name of a major frame of the schedule"),
    /** Time between two snapshots. */
    INTERVAL(
            "intervalMillis",
            ControlRequest.DEFAULT_INTERVAL,
            ControlRequest::intervalMillis,
            "watch: milliseconds between snapshots, " + ControlRequest.MIN_INTERVAL + " to "
                    + ControlRequest.MAX_INTERVAL),
    /** How long a guest may take to shut down. */
    GRACE(
            "graceMillis",
            0,
            ControlRequest::graceMillis,
            "stop: milliseconds that a guest which listens to its power button has to shut down, 0 to "
                    + ControlRequest.MAX_GRACE),
    /** The file it concerns. */
    PATH("path", "", ControlRequest::path, "load-policy: absolute path of the policy file"),
    /** Whether nothing shall change. */
    DRY_RUN(
            "dryRun",
            false,
            ControlRequest::dryRun,
            "load-policy: whether to tell what would change, and change nothing"),
    /** Whether only to look. */
    READ_ONLY(
            "readOnly",
            false,
            ControlRequest::readOnly,
            "console: whether only to look: what is sent is discarded, and nobody is kept from typing"),
    /** The client's process. */
    PID(
            "pid",
            0,
            ControlRequest::pid,
            "console: the client's process, for whoever finds the line taken; unchecked, 0 to " + ControlRequest.MAX_PID
                    + ", 0 for none"),
    /** How large a balloon shall be. */
    BALLOON(
            "balloonBytes",
            ControlRequest.KEEP_BALLOON,
            ControlRequest::balloonBytes,
            "balloon: bytes that the guest shall give back in all, 0 to its memory; left out only to ask");

    private final String wireName;
    private final Object byDefault;
    private final Function<ControlRequest, Object> get;
    private final String words;

    RequestField(String wireName, Object byDefault, Function<ControlRequest, Object> get, String words) {
        this.wireName = wireName;
        this.byDefault = byDefault;
        this.get = get;
        this.words = words;
    }

    String wireName() {
        return wireName;
    }

    Object byDefault() {
        return byDefault;
    }

    String words() {
        return words;
    }

    Object get(ControlRequest request) {
        return get.apply(request);
    }

    static String names() {
        return "command, " + Arrays.stream(values()).map(RequestField::wireName).collect(Collectors.joining(", "));
    }

    static ControlRequest request(ControlRequest.Command command, Map<RequestField, Object> values) {
        return new ControlRequest(
                command,
                (String) value(values, DOMAIN),
                (String) value(values, FLOW),
                (String) value(values, MAJOR),
                (Integer) value(values, INTERVAL),
                (Integer) value(values, GRACE),
                (String) value(values, PATH),
                (Boolean) value(values, DRY_RUN),
                (Boolean) value(values, READ_ONLY),
                (Integer) value(values, PID),
                (Long) value(values, BALLOON));
    }

    private static Object value(Map<RequestField, Object> values, RequestField field) {
        return values.getOrDefault(field, field.byDefault());
    }

    void write(JsonGenerator out, ControlRequest request) throws IOException {
        switch (get(request)) {
            case Integer number -> out.writeNumberField(wireName, number);
            case Long number -> out.writeNumberField(wireName, number);
            case Boolean flag -> out.writeBooleanField(wireName, flag);
            case Object text -> out.writeStringField(wireName, text.toString());
        }
    }

    /** Checks a value of JSON. */
    Object read(Object value) throws ProtocolException {
        return switch (byDefault) {
            case Long _ -> number(value, 0, Domain.MAX_MEMORY);
            case Integer _ when this == GRACE -> (int) number(value, 0, ControlRequest.MAX_GRACE);
            case Integer _ when this == PID -> (int) number(value, 0, ControlRequest.MAX_PID);
            case Integer _ -> (int) number(value, ControlRequest.MIN_INTERVAL, ControlRequest.MAX_INTERVAL);
            case Boolean _ -> RecordJson.expect("request", wireName, value, Boolean.class, "true or false");
            default -> RecordJson.expect("request", wireName, value, String.class, "a string");
        };
    }

    private long number(Object value, long least, long most) throws ProtocolException {
        if (value instanceof Long number && number >= least && number <= most) {
            return number;
        }
        throw new ProtocolException("request", wireName, value.toString(), least + " to " + most);
    }
}
