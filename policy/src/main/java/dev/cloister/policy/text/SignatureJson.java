package dev.cloister.policy.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.cloister.policy.text.PolicySignatureException.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The signature file: one flat JSON object in which every field is needed and no other is known. */
final class SignatureJson {
    private static final String VERSION = "1";
    private static final List<String> FIELDS = List.of("version", "algorithm", "digest", "keyId", "signature");
    /** The only field that may be missing: signatures of releases before it have none. */
    private static final String SERIAL = "serial";

    private static final int SIGNATURE_BYTES = 64;
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private SignatureJson() {}

    static byte[] write(PolicySignature signature) {
        return """
            {
              "version": %s,
              "algorithm": "%s",
              "digest": "%s",%s
              "keyId": "%s",
              "signature": "%s"
            }
            """.formatted(
                        VERSION,
                        Ed25519.NAME,
                        signature.digest(),
                        serial(signature),
                        signature.keyId(),
                        signature.base64())
                .getBytes(StandardCharsets.UTF_8);
    }

    private static String serial(PolicySignature signature) {
        return signature.serial() == 0 ? "" : "\n  \"" + SERIAL + "\": " + signature.serial() + ",";
    }

    private static long serial(Path file, Map<String, String> fields) throws PolicySignatureException {
        String text = field(fields, SERIAL);
        if (text.isEmpty()) {
            return 0;
        }
        if (!text.matches("[1-9][0-9]{0,17}")) {
            throw malformed(file, "field " + SERIAL + " isn't a number from 1 to 999999999999999999");
        }
        return Long.parseLong(text);
    }

    static PolicySignature read(Path file, byte[] bytes) throws PolicySignatureException {
        Map<String, String> fields;
        try (JsonParser parser = FACTORY.createParser(bytes)) {
            fields = fields(file, parser);
        } catch (IOException _) {
            throw malformed(file, "it isn't one JSON object");
        }
        for (String field : FIELDS) {
            if (!fields.containsKey(field)) {
                throw malformed(file, "field " + field + " is missing");
            }
        }
        expect(file, fields, "version", VERSION);
        expect(file, fields, "algorithm", Ed25519.NAME);
        return new PolicySignature(
                hex(file, fields, "digest"), serial(file, fields), hex(file, fields, "keyId"), signature(file, fields));
    }

    private static Map<String, String> fields(Path file, JsonParser parser)
            throws IOException, PolicySignatureException {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw malformed(file, "it isn't one JSON object");
        }
        Map<String, String> fields = new HashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            if (!FIELDS.contains(name) && !name.equals(SERIAL)) {
                throw malformed(file, "it has a field that version " + VERSION + " doesn't know; known: " + FIELDS);
            }
            expect(file, name, parser.nextToken());
            fields.put(name, parser.getText());
        }
        if (parser.nextToken() != null) {
            throw malformed(file, "there is text after the object");
        }
        return fields;
    }

    private static void expect(Path file, String name, JsonToken found) throws PolicySignatureException {
        boolean isNumber = name.equals("version") || name.equals(SERIAL);
        if (found != (isNumber ? JsonToken.VALUE_NUMBER_INT : JsonToken.VALUE_STRING)) {
            throw malformed(file, "field " + name + " isn't a " + (isNumber ? "number" : "string"));
        }
    }

    private static String field(Map<String, String> fields, String name) {
        return fields.getOrDefault(name, "");
    }

    private static void expect(Path file, Map<String, String> fields, String name, String only)
            throws PolicySignatureException {
        if (!field(fields, name).equals(only)) {
            throw malformed(file, "field " + name + " isn't " + only + ", the only one that this release knows");
        }
    }

    private static String hex(Path file, Map<String, String> fields, String name) throws PolicySignatureException {
        String value = field(fields, name);
        if (!value.matches("[0-9a-f]{64}")) {
            throw malformed(file, "field " + name + " isn't 64 hexadecimal digits in lower case");
        }
        return value;
    }

    private static byte[] signature(Path file, Map<String, String> fields) throws PolicySignatureException {
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(field(fields, "signature"));
        } catch (IllegalArgumentException _) {
            throw malformed(file, "field signature isn't base64");
        }
        if (bytes.length != SIGNATURE_BYTES) {
            throw malformed(file, "field signature has " + bytes.length + " bytes, expected " + SIGNATURE_BYTES);
        }
        return bytes;
    }

    static PolicySignatureException malformed(Path file, String what) {
        return new PolicySignatureException(Kind.SIGNATURE_MALFORMED, "signature file " + file + ": " + what);
    }
}
