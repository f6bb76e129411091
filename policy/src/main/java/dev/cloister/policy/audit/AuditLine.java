package dev.cloister.policy.audit;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The canonical form of a record: one line of ASCII JSON, members in fixed order, {@code hash} last. The hash covers the
 * 32 bytes of the previous hash and then the line's bytes before {@code ,"hash":}.
 */
final class AuditLine {
    private static final JsonFactory FACTORY = new JsonFactory();
    private static final String HASH_LEAD = ",\"hash\":\"";
    private static final int HASH_DIGITS = 64;
    private static final int TAIL = HASH_LEAD.length() + HASH_DIGITS + 2;
    private static final int LONGEST_TEXT = 2000;

    private AuditLine() {}

    static AuditEntry seal(long seq, Instant time, long mono, AuditEvent event, String prev) {
        StringBuilder json = new StringBuilder(512).append("{\"seq\":").append(seq);
        member(json, "time", time.toString());
        if (mono != AuditRecord.UNKNOWN) {
            json.append(",\"mono\":").append(mono);
        }
        member(json, "event", event.kind().jsonName());
        optional(json, "policy", event.policyDigest());
        if (event.policyEpoch() != 0) {
            json.append(",\"epoch\":").append(Integer.toUnsignedLong(event.policyEpoch()));
        }
        optional(json, "domain", event.domain());
        optional(json, "flow", event.flow());
        optional(json, "rule", event.rule());
        verdicts(json, event.verdicts());
        details(json, event.details());
        member(json, "prev", prev);
        byte[] body = json.toString().getBytes(StandardCharsets.US_ASCII);
        String hash = hash(prev, body, body.length);
        json.append(HASH_LEAD).append(hash).append("\"}\n");
        return new AuditEntry(
                new AuditRecord(seq, time, mono, event, prev, hash),
                json.toString().getBytes(StandardCharsets.US_ASCII));
    }

    /** Computes a record's hash from the previous one and the line's first {@code length} bytes. */
    static String hash(String prev, byte[] line, int length) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(HexFormat.of().parseHex(prev));
            digest.update(line, 0, length);
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** Returns whether the record's stated hash is that of its bytes; the line comes without its newline. */
    static boolean intact(AuditRecord record, byte[] line) {
        int body = line.length - TAIL;
        if (body < 0) {
            return false;
        }
        String tail = new String(line, body, TAIL, StandardCharsets.US_ASCII);
        return tail.equals(HASH_LEAD + record.hash() + "\"}") && record.hash().equals(hash(record.prev(), line, body));
    }

    /** Parses a line without its newline. */
    static AuditRecord parse(byte[] line) throws IOException {
        Map<String, Object> members;
        try (JsonParser parser = FACTORY.createParser(line)) {
            expect(parser.nextToken() == JsonToken.START_OBJECT, "a record is a JSON object");
            members = object(parser);
            expect(parser.nextToken() == null, "text after the record");
        }
        String kindName = text(members, "event");
        AuditKind kind = AuditKind.ofJsonName(kindName).orElseThrow(() -> new IOException("unknown event " + kindName));
        AuditEvent event = new AuditEvent(
                kind,
                text(members, "policy"),
                (int) number(members, "epoch", 0L),
                text(members, "domain"),
                text(members, "flow"),
                text(members, "rule"),
                verdicts(members.get("verdicts")),
                details(members.get("details")));
        String prev = text(members, "prev");
        String hash = text(members, "hash");
        expect(isHash(prev) && isHash(hash), "prev and hash are 64 hexadecimal digits");
        return new AuditRecord(
                number(members, "seq", null),
                time(members),
                number(members, "mono", AuditRecord.UNKNOWN),
                event,
                prev,
                hash);
    }

    private static Map<String, Object> object(JsonParser parser) throws IOException {
        Map<String, Object> members = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            parser.nextToken();
            expect(members.put(name, value(parser)) == null, "a member twice: " + name);
            expect(members.size() <= AuditEvent.MAX_DETAILS, "too many members");
        }
        return members;
    }

    private static Object value(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case VALUE_STRING -> parser.getText();
            case VALUE_NUMBER_INT -> parser.getLongValue();
            case START_OBJECT -> object(parser);
            case START_ARRAY -> {
                List<Object> items = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    items.add(value(parser));
                }
                yield items;
            }
            default -> throw new IOException("unexpected " + parser.currentToken());
        };
    }

    private static List<AuditVerdict> verdicts(@Nullable Object value) throws IOException {
        List<AuditVerdict> verdicts = new ArrayList<>();
        if (value instanceof List<?> items) {
            for (Object item : items) {
                Map<String, String> fields = details(item);
                verdicts.add(new AuditVerdict(
                        fields.getOrDefault("gate", ""),
                        fields.getOrDefault("outcome", ""),
                        fields.getOrDefault("reason", ""),
                        fields.getOrDefault("at", "")));
            }
        } else {
            expect(value == null, "verdicts are an array");
        }
        return verdicts;
    }

    private static Map<String, String> details(@Nullable Object value) throws IOException {
        Map<String, String> details = new LinkedHashMap<>();
        if (value instanceof Map<?, ?> members) {
            members.forEach((name, text) -> details.put(name.toString(), text.toString()));
        } else {
            expect(value == null, "an object of strings");
        }
        return details;
    }

    private static String text(Map<String, Object> members, String name) throws IOException {
        Object value = members.getOrDefault(name, "");
        expect(value instanceof String, name + " is a string");
        return (String) value;
    }

    private static long number(Map<String, Object> members, String name, @Nullable Long fallback) throws IOException {
        Object value = members.getOrDefault(name, fallback == null ? "" : fallback);
        expect(value instanceof Long, name + " is an integer");
        return (Long) value;
    }

    private static Instant time(Map<String, Object> members) throws IOException {
        try {
            return Instant.parse(text(members, "time"));
        } catch (DateTimeException e) {
            throw new IOException("time is an instant of ISO 8601", e);
        }
    }

    private static void expect(boolean truth, String what) throws IOException {
        if (!truth) {
            throw new IOException(what);
        }
    }

    private static boolean isHash(String text) {
        return text.length() == HASH_DIGITS && text.chars().allMatch(c -> c >= '0' && c <= '9' || c >= 'a' && c <= 'f');
    }

    private static void optional(StringBuilder json, String name, String value) {
        if (!value.isEmpty()) {
            member(json, name, value);
        }
    }

    private static void member(StringBuilder json, String name, String value) {
        json.append(",\"").append(name).append("\":");
        quote(json, value);
    }

    private static void verdicts(StringBuilder json, List<AuditVerdict> verdicts) {
        if (verdicts.isEmpty()) {
            return;
        }
        json.append(",\"verdicts\":[");
        String separator = "";
        for (AuditVerdict verdict : verdicts) {
            json.append(separator).append("{\"gate\":");
            quote(json, verdict.gate());
            member(json, "outcome", verdict.outcome());
            member(json, "reason", verdict.reason());
            member(json, "at", verdict.at());
            json.append('}');
            separator = ",";
        }
        json.append(']');
    }

    private static void details(StringBuilder json, Map<String, String> details) {
        if (details.isEmpty()) {
            return;
        }
        json.append(",\"details\":{");
        String separator = "";
        for (Map.Entry<String, String> detail : details.entrySet()) {
            json.append(separator);
            quote(json, detail.getKey());
            json.append(':');
            quote(json, detail.getValue());
            separator = ",";
        }
        json.append('}');
    }

    /** Everything but printable ASCII is escaped: one form for each text, and nothing that moves a reader's cursor. */
    private static void quote(StringBuilder json, String text) {
        json.append('"');
        int length = Math.min(text.length(), LONGEST_TEXT);
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                json.append('\\').append(c);
            } else if (c >= ' ' && c <= '~') {
                json.append(c);
            } else {
                json.append("\\u").append(HexFormat.of().toHexDigits(c));
            }
        }
        if (length < text.length()) {
            json.append("... (").append(text.length()).append(" characters)");
        }
        json.append('"');
    }
}
