package dev.cloister.policy.protocol;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads replies of the control protocol; a missing member is an error, an unknown one is skipped. */
final class ReplyReader {
    private static final String REPLY = "reply";

    /** The members of one object; nested objects are members objects, arrays are lists. */
    private record Members(Map<String, Object> values) {
        String text(String name) throws ProtocolException {
            return get(name, String.class, "a string");
        }

        long number(String name) throws ProtocolException {
            return get(name, Number.class, "a number").longValue();
        }

        double real(String name) throws ProtocolException {
            return get(name, Number.class, "a number").doubleValue();
        }

        boolean flag(String name) throws ProtocolException {
            return get(name, Boolean.class, "true or false");
        }

        Members object(String name) throws ProtocolException {
            return get(name, Members.class, "an object");
        }

        boolean has(String name) {
            return values.containsKey(name);
        }

        List<Members> objects(String name) throws ProtocolException {
            List<Members> all = new ArrayList<>();
            for (Object element : get(name, List.class, "an array")) {
                if (!(element instanceof Members members)) {
                    throw new ProtocolException(REPLY, name, String.valueOf(element), "an array of objects");
                }
                all.add(members);
            }
            return all;
        }

        private <T> T get(String name, Class<T> type, String expected) throws ProtocolException {
            Object value = values.get(name);
            if (!type.isInstance(value)) {
                throw new ProtocolException(REPLY, name, String.valueOf(value), expected);
            }
            return type.cast(value);
        }
    }

    private ReplyReader() {}

    static ControlReply read(String line) throws ProtocolException {
        Members reply = parse(line);
        if (!reply.flag("ok")) {
            return new ControlReply.Failed(reply.text("code"), reply.text("error"));
        }
        if (reply.has("snapshot")) {
            return new ControlReply.State(snapshot(reply.object("snapshot")));
        }
        if (reply.has("console")) {
            return new ControlReply.Console(reply.text("console"), reply.flag("input"));
        }
        if (reply.has("audit")) {
            Members audit = reply.object("audit");
            return new ControlReply.AuditHead(audit.number("records"), audit.text("hash"));
        }
        return new ControlReply.Done(reply.text("message"));
    }

    private static Members parse(String line) throws ProtocolException {
        try (JsonParser in = ControlCodec.JSON.createParser(line)) {
            if (in.nextToken() == JsonToken.START_OBJECT) {
                return object(in);
            }
        } catch (IOException e) {
            throw new ProtocolException(REPLY, "line", line, "a JSON object");
        }
        throw new ProtocolException(REPLY, "line", line, "a JSON object");
    }

    private static Members object(JsonParser in) throws IOException {
        Map<String, Object> values = new HashMap<>();
        while (in.nextToken() == JsonToken.FIELD_NAME) {
            String name = in.currentName();
            values.put(name, value(in, in.nextToken()));
        }
        return new Members(values);
    }

    private static Object value(JsonParser in, JsonToken token) throws IOException {
        return switch (token) {
            case START_OBJECT -> object(in);
            case START_ARRAY -> {
                List<Object> list = new ArrayList<>();
                for (JsonToken next = in.nextToken(); next != JsonToken.END_ARRAY; next = in.nextToken()) {
                    list.add(value(in, next));
                }
                yield list;
            }
            case VALUE_STRING -> in.getText();
            case VALUE_NUMBER_INT -> in.getLongValue();
            case VALUE_NUMBER_FLOAT -> in.getDoubleValue();
            case VALUE_TRUE -> Boolean.TRUE;
            case VALUE_FALSE -> Boolean.FALSE;
            default -> throw new ProtocolException(REPLY, "value", token.name(), "an object, array, text or number");
        };
    }

    private static Snapshot snapshot(Members m) throws ProtocolException {
        List<Snapshot.DomainView> domains = new ArrayList<>();
        for (Members d : m.objects("domains")) {
            domains.add(domain(d));
        }
        List<Snapshot.FlowView> flows = new ArrayList<>();
        for (Members f : m.objects("flows")) {
            flows.add(new Snapshot.FlowView(
                    f.text("name"),
                    f.text("from"),
                    f.text("to"),
                    f.text("kind"),
                    f.text("state"),
                    f.number("openings"),
                    f.number("units"),
                    f.real("unitsPerSecond"),
                    f.number("refused"),
                    f.number("reverse"),
                    new Snapshot.LimitsView(
                            f.number("tokens"),
                            f.number("burst"),
                            f.number("quota"),
                            f.number("quotaUsed"),
                            f.number("quotaEndsMillis")),
                    f.text("note")));
        }
        return new Snapshot(
                m.text("policy"),
                m.text("policyDigest"),
                m.number("pid"),
                m.number("uptimeMillis"),
                m.flag("granting"),
                m.number("auditRecords"),
                m.text("auditHash"),
                domains,
                flows);
    }

    private static Snapshot.DomainView domain(Members d) throws ProtocolException {
        Map<String, Long> kinds = new HashMap<>();
        Members exits = d.object("exitsByKind");
        for (String kind : exits.values().keySet()) {
            kinds.put(kind, exits.number(kind));
        }
        List<Snapshot.GateView> verdicts = new ArrayList<>();
        for (Members v : d.objects("verdicts")) {
            verdicts.add(new Snapshot.GateView(v.text("gate"), v.text("outcome"), v.text("reason"), v.text("at")));
        }
        return new Snapshot.DomainView(
                d.text("name"),
                d.text("id"),
                d.text("label"),
                d.text("state"),
                d.number("pid"),
                d.text("engine"),
                d.number("exits"),
                d.real("exitsPerSecond"),
                kinds,
                d.number("emulatedInstructions"),
                d.number("uptimeMillis"),
                d.number("startNanos"),
                d.number("refusals"),
                d.number("violations"),
                d.number("restarts"),
                (int) d.number("exitCode"),
                d.text("note"),
                verdicts);
    }
}
