package dev.cloister.policy.state;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * A record as a line: the CRC-32C of the rest as eight hexadecimal digits, a space, a JSON object with the record's kind as
 * {@code is} and its components by name.
 */
final class StateLine {
    private static final JsonFactory JSON = new JsonFactory();
    private static final int CRC_DIGITS = 8;

    private StateLine() {}

    /** The line without its end. */
    static String encode(StateRecord entry) {
        Map<String, Object> fields = fields(entry);
        StringWriter text = new StringWriter();
        try (var out = JSON.createGenerator(text)) {
            out.writeStartObject();
            for (Map.Entry<String, Object> field : fields.entrySet()) {
                if (field.getValue() instanceof Number number) {
                    out.writeNumberField(field.getKey(), number.longValue());
                } else {
                    out.writeStringField(field.getKey(), field.getValue().toString());
                }
            }
            out.writeEndObject();
        } catch (IOException e) {
            throw new IllegalStateException("memory can be written", e);
        }
        return crc(text.toString()) + " " + text;
    }

    private static Map<String, Object> fields(StateRecord entry) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("is", entry.getClass().getSimpleName().toLowerCase(java.util.Locale.ROOT));
        switch (entry) {
            case StateRecord.Begun r -> {
                fields.put("digest", r.digest());
                fields.put("boot", r.boot());
                fields.put("origin", r.origin());
                fields.put("since", r.since());
            }
            case StateRecord.Spawned r -> {
                fields.put("domain", r.domain());
                fields.put("pid", r.pid());
                fields.put("startTicks", r.startTicks());
                fields.put("kernel", r.kernel());
                fields.put("firmware", r.firmware());
                fields.put("initrd", r.initrd());
            }
            case StateRecord.Leased r -> {
                fields.put("flow", r.flow());
                fields.put("units", r.units());
                fields.put("nanos", r.nanos());
                fields.put("wallMillis", r.wallMillis());
            }
            case StateRecord.Ended r -> put(fields, "domain", r.domain(), "code", r.code());
            case StateRecord.Again r -> put(fields, "domain", r.domain(), "nanos", r.nanos());
            case StateRecord.Opening r -> put(fields, "flow", r.flow(), "epoch", r.epoch());
            case StateRecord.Live r -> put(fields, "flow", r.flow(), "epoch", r.epoch());
            case StateRecord.Closed r -> put(fields, "flow", r.flow(), "epoch", r.epoch());
            case StateRecord.Exiting r -> put(fields, "domain", r.domain(), "code", r.code());
            case StateRecord.Stopped r -> put(fields, "domain", r.domain(), "until", r.until());
            case StateRecord.Waits r -> fields.put("domain", r.domain());
            case StateRecord.Follows r -> fields.put("major", r.major());
            case StateRecord.Runs r -> fields.put("domain", r.domain());
            case StateRecord.Paused r -> fields.put("domain", r.domain());
            case StateRecord.Held r -> fields.put("flow", r.flow());
            case StateRecord.Lifted r -> fields.put("flow", r.flow());
            case StateRecord.Finished _, StateRecord.Ending _ -> {
                return fields;
            }
        }
        return fields;
    }

    private static void put(Map<String, Object> fields, String name, String value, String other, long number) {
        fields.put(name, value);
        fields.put(other, number);
    }

    /** Reads a line without its end; an error says what is wrong with it. */
    static StateRecord decode(String line) throws IOException {
        if (line.length() < CRC_DIGITS + 2 || line.charAt(CRC_DIGITS) != ' ') {
            throw new IOException("it is no record");
        }
        String json = line.substring(CRC_DIGITS + 1);
        if (!crc(json).equals(line.substring(0, CRC_DIGITS))) {
            throw new IOException("its checksum is " + line.substring(0, CRC_DIGITS) + ", expected " + crc(json));
        }
        Fields fields = parse(json);
        return switch (fields.text("is")) {
            case "begun" ->
                new StateRecord.Begun(
                        fields.text("digest"), fields.text("boot"), fields.number("origin"), fields.number("since"));
            case "spawned" ->
                new StateRecord.Spawned(
                        fields.text("domain"),
                        Math.toIntExact(fields.number("pid")),
                        fields.number("startTicks"),
                        fields.text("kernel"),
                        fields.text("firmware"),
                        fields.text("initrd"));
            case "leased" ->
                new StateRecord.Leased(
                        fields.text("flow"),
                        fields.number("units"),
                        fields.number("nanos"),
                        fields.number("wallMillis"));
            default -> decodeShort(fields);
        };
    }

    private static StateRecord decodeShort(Fields fields) throws IOException {
        return switch (fields.text("is")) {
            case "runs" -> new StateRecord.Runs(fields.text("domain"));
            case "paused" -> new StateRecord.Paused(fields.text("domain"));
            case "exiting" -> new StateRecord.Exiting(fields.text("domain"), (int) fields.number("code"));
            case "ended" -> new StateRecord.Ended(fields.text("domain"), (int) fields.number("code"));
            case "again" -> new StateRecord.Again(fields.text("domain"), fields.number("nanos"));
            case "waits" -> new StateRecord.Waits(fields.text("domain"));
            default -> decodeFlow(fields);
        };
    }

    private static StateRecord decodeFlow(Fields fields) throws IOException {
        return switch (fields.text("is")) {
            case "opening" -> new StateRecord.Opening(fields.text("flow"), (int) fields.number("epoch"));
            case "live" -> new StateRecord.Live(fields.text("flow"), (int) fields.number("epoch"));
            case "closed" -> new StateRecord.Closed(fields.text("flow"), (int) fields.number("epoch"));
            case "held" -> new StateRecord.Held(fields.text("flow"));
            case "lifted" -> new StateRecord.Lifted(fields.text("flow"));
            default -> decodeOrder(fields);
        };
    }

    private static StateRecord decodeOrder(Fields fields) throws IOException {
        return switch (fields.text("is")) {
            case "stopped" -> new StateRecord.Stopped(fields.text("domain"), fields.number("until"));
            case "follows" -> new StateRecord.Follows(fields.text("major"));
            case "ending" -> new StateRecord.Ending();
            case "finished" -> new StateRecord.Finished();
            default -> throw new IOException("a record of unknown kind \"" + fields.text("is") + "\"");
        };
    }

    private static Fields parse(String json) throws IOException {
        Map<String, String> values = new HashMap<>();
        try (JsonParser in = JSON.createParser(json)) {
            in.nextToken();
            while (in.nextToken() == JsonToken.FIELD_NAME) {
                String name = in.currentName();
                in.nextToken();
                values.put(name, in.getText());
            }
        }
        return new Fields(values);
    }

    private record Fields(Map<String, String> values) {
        String text(String name) throws IOException {
            String value = values.get(name);
            if (value == null) {
                throw new IOException("its member \"" + name + "\" is missing");
            }
            return value;
        }

        long number(String name) throws IOException {
            try {
                return Long.parseLong(text(name));
            } catch (NumberFormatException e) {
                throw new IOException("its member \"" + name + "\" is no number", e);
            }
        }
    }

    private static String crc(String text) {
        CRC32C crc = new CRC32C();
        crc.update(text.getBytes(StandardCharsets.UTF_8));
        return String.format("%08x", crc.getValue());
    }
}
