package dev.cloister.policy.state;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.cloister.policy.language.SignedPolicy;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.text.AtomicFile;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What outlives the daemon of the policies that it has loaded: how many loadings there were, and the highest serial of a signature, so
 * that neither ever goes back; and which one was in force, which a killed daemon's successor runs. A file of one JSON object that is replaced as a whole before the policy comes into force. One thread at
 * a time.
 */
public final class PolicyState {
    private static final JsonFactory JSON = new JsonFactory();

    private final Path file;
    private int epoch;
    private long serial;
    private Optional<InForce> inForce = Optional.empty();

    /**
     * The policy that was numbered last.
     *
     * @param file its file
     * @param digest its digest
     */
    record InForce(Path file, String digest) {}

    private PolicyState(Path file) {
        this.file = file;
    }

    /**
     * Reads it, or begins anew where there is none.
     *
     * @throws IOException if it is damaged; the message says what to do
     */
    public static PolicyState open(Path file) throws IOException {
        PolicyState state = new PolicyState(file);
        if (Files.exists(file)) {
            Map<String, String> fields = read(file);
            if (!fields.keySet().containsAll(List.of("epoch", "serial"))) {
                throw damaged(file, "epoch or serial is missing");
            }
            state.epoch = Math.toIntExact(Math.clamp(number(file, fields, "epoch"), 0, Integer.MAX_VALUE - 1L));
            state.serial = number(file, fields, "serial");
            state.inForce = Optional.ofNullable(fields.get("file"))
                    .map(path -> new InForce(Path.of(path), fields.getOrDefault("digest", "")));
        }
        return state;
    }

    private static long number(Path file, Map<String, String> fields, String name) throws IOException {
        try {
            return Long.parseLong(fields.getOrDefault(name, ""));
        } catch (NumberFormatException e) {
            throw damaged(file, name + " is no number");
        }
    }

    private static Map<String, String> read(Path file) throws IOException {
        Map<String, String> fields = new HashMap<>();
        try (JsonParser in = JSON.createParser(Files.readAllBytes(file))) {
            in.nextToken();
            while (in.nextToken() == JsonToken.FIELD_NAME) {
                String name = in.currentName();
                if (in.nextToken().isScalarValue()) {
                    fields.put(name, in.getText());
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
    public int epoch() {
        return epoch;
    }

    /** The highest serial that a signature of a loaded policy had. */
    public long serial() {
        return serial;
    }

    /**
     * Refuses a policy that was signed before one that has been in force here.
     *
     * @throws PolicyException if its serial is lower than the highest that was seen
     */
    public void requireNotOlder(SignedPolicy.Loaded loaded, Path policy) throws PolicyException {
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
    public void advance(SignedPolicy.Loaded loaded) throws IOException {
        long nextSerial = Math.max(serial, loaded.serial());
        write(epoch + 1, nextSerial, loaded.policy());
        epoch++;
        serial = nextSerial;
    }

    /**
     * Says that the policy before stays in force, since the one that was numbered didn't come into force.
     *
     * @throws IOException if that can't be kept
     */
    public void stays(Policy policy) throws IOException {
        write(epoch, serial, policy);
    }

    private void write(int newEpoch, long newSerial, Policy policy) throws IOException {
        Path path = Path.of(policy.file()).toAbsolutePath();
        StringWriter text = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(text)) {
            json.writeStartObject();
            json.writeNumberField("epoch", newEpoch);
            json.writeNumberField("serial", newSerial);
            json.writeStringField("digest", policy.digest());
            json.writeStringField("file", path.toString());
            json.writeEndObject();
        }
        AtomicFile.replace(file, (text + "\n").getBytes(StandardCharsets.UTF_8));
        inForce = Optional.of(new InForce(path, policy.digest()));
    }

    /**
     * Returns the policy that a daemon which follows a killed one must run: the one that was in force, whatever its command line says.
     *
     * @param file the file of this state
     * @param stated what its command line says
     * @param again whether it follows a killed one
     * @throws IOException if the state is damaged
     */
    public static Path inForce(Path file, Path stated, boolean again) throws IOException {
        return again ? open(file).inForce.map(InForce::file).orElse(stated) : stated;
    }

    /**
     * Refuses a policy whose file was changed since it came into force, in a daemon that follows a killed one.
     *
     * @throws IOException telling what to do
     */
    public void requireUnchanged(Policy policy) throws IOException {
        if (inForce.isPresent() && !inForce.get().digest().equals(policy.digest())) {
            throw new IOException(
                    "policy " + inForce.get().file() + " was changed after it had come into force: its digest is "
                            + policy.digest() + ", expected " + inForce.get().digest()
                            + "; start anew with the policy that shall be in force");
        }
    }
}
