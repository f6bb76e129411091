package dev.cloister.policy.daemon;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.text.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What outlives the daemon of the policies that it has loaded: how many loadings there were, and the highest serial of a signature, so
 * that neither ever goes back. A file of one JSON object that is replaced as a whole before the policy comes into force. One thread at
 * a time.
 */
final class PolicyState {
    private static final JsonFactory JSON = new JsonFactory();

    private final Path file;
    private int epoch;
    private long serial;

    private PolicyState(Path file) {
        this.file = file;
    }

    /**
     * Reads it, or begins anew where there is none.
     *
     * @throws IOException if it is damaged; the message says what to do
     */
    static PolicyState open(Path file) throws IOException {
        PolicyState state = new PolicyState(file);
        if (Files.exists(file)) {
            Map<String, Long> fields = read(file);
            if (!fields.keySet().containsAll(List.of("epoch", "serial"))) {
                throw damaged(file, "epoch or serial is missing");
            }
            state.epoch = Math.toIntExact(Math.clamp(fields.getOrDefault("epoch", 0L), 0, Integer.MAX_VALUE - 1L));
            state.serial = fields.getOrDefault("serial", 0L);
        }
        return state;
    }

    private static Map<String, Long> read(Path file) throws IOException {
        Map<String, Long> fields = new HashMap<>();
        try (JsonParser in = JSON.createParser(Files.readAllBytes(file))) {
            in.nextToken();
            while (in.nextToken() == JsonToken.FIELD_NAME) {
                String name = in.currentName();
                if (in.nextToken() == JsonToken.VALUE_NUMBER_INT) {
                    fields.put(name, in.getLongValue());
                }
            }
        } catch (JsonProcessingException e) {
            throw damaged(file, "it isn't JSON");
        }
        return fields;
    }

    private static IOException damaged(Path file, String how) {
        return new IOException(file + " is damaged, " + how
                + ": it keeps old policies from coming back; restore it from a backup, or move it away if they may");
    }

    /** The number of the policy that is in force, or comes into force next after {@link #advance}; from 1. */
    int epoch() {
        return epoch;
    }

    /** The highest serial that a signature of a loaded policy had. */
    long serial() {
        return serial;
    }

    /**
     * Refuses a policy that was signed before one that has been in force here.
     *
     * @throws PolicyException if its serial is lower than the highest that was seen
     */
    void requireNotOlder(SignedPolicy.Loaded loaded, Path policy) throws PolicyException {
        if (loaded.signed() && loaded.serial() < serial) {
            throw new PolicyException(List.of(SignedPolicy.untrusted(
                    policy,
                    "the signature is older than that of a policy that was in force here: its serial is "
                            + (loaded.serial() == 0 ? "missing" : loaded.serial()) + ", expected " + serial
                            + " or more; sign the policy again if it shall come back")));
        }
    }

    /**
     * Numbers a policy that is about to come into force; on the medium when this returns.
     *
     * @throws IOException if it can't be kept: then the policy must not come into force
     */
    void advance(SignedPolicy.Loaded loaded) throws IOException {
        long nextSerial = Math.max(serial, loaded.serial());
        String text = "{\"epoch\": " + (epoch + 1) + ", \"serial\": " + nextSerial + ", \"digest\": \""
                + loaded.policy().digest() + "\"}\n";
        AtomicFile.replace(file, text.getBytes(StandardCharsets.UTF_8));
        epoch++;
        serial = nextSerial;
    }
}
