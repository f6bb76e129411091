package dev.cloister.policy.state;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.cloister.policy.history.History;
import dev.cloister.policy.model.ConflictSet;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Policy;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The memory of historic conflict sets: which endpoint information of which party has reached. Kept by names and identities, so that
 * it outlives daemon, machine and policy. A contact is on the medium before the channel that makes it exists. Loop's thread only.
 *
 * <p>A record is one line: CRC-32C of the rest as eight hexadecimal digits, a space, a JSON object with {@code set}, {@code party},
 * {@code endpoint} (a domain's UUID, another endpoint's name), {@code name} and {@code flow} for people.
 */
public final class ContactJournal implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ContactJournal.class);
    private static final JsonFactory JSON = new JsonFactory();
    private static final int CRC_DIGITS = 8;

    /**
     * One contact.
     *
     * @param set name of the conflict set
     * @param party name of the party
     * @param endpoint identity of what its information reached: a domain's UUID, another endpoint's name
     * @param name the endpoint's name at that time
     */
    public record Contact(String set, String party, String endpoint, String name) {
        /** A contact by its numbers in a policy. */
        public static Contact of(Policy policy, int set, int endpoint, int party) {
            ConflictSet stated = policy.conflicts().get(set);
            Endpoint reached = policy.endpoint(endpoint);
            return new Contact(stated.name(), stated.parties().get(party).name(), identity(reached), reached.name());
        }

        private static String identity(Endpoint endpoint) {
            return endpoint instanceof Domain domain ? domain.id().toString() : endpoint.name();
        }
    }

    private final ContactStorage storage;
    private final List<Contact> contacts = new ArrayList<>();
    private long length;
    private long dropped;
    private boolean failed;

    private ContactJournal(ContactStorage storage) {
        this.storage = storage;
    }

    /**
     * Opens and reads a journal; an incomplete last line, which no grant can have followed, is removed.
     *
     * @throws IOException if a line before it is damaged; the message says what to do
     */
    public static ContactJournal open(ContactStorage storage, String name) throws IOException {
        ContactJournal journal = new ContactJournal(storage);
        byte[] bytes = storage.read();
        int from = 0;
        for (int at = 0; at < bytes.length; at++) {
            if (bytes[at] == '\n') {
                journal.read(new String(bytes, from, at - from, StandardCharsets.UTF_8), name);
                from = at + 1;
            }
        }
        journal.length = from;
        journal.dropped = bytes.length - from;
        if (journal.dropped > 0) {
            storage.truncate(from);
            storage.force();
        }
        return journal;
    }

    private void read(String line, String name) throws IOException {
        String number = name + ", line " + (contacts.size() + 1);
        String damage = number + " is damaged: what it says of contacts between competing parties can't be trusted;"
                + " restore the file from a backup, or move it away if these contacts may be forgotten";
        if (line.length() <= CRC_DIGITS || !line.substring(0, CRC_DIGITS).equals(crc(line.substring(CRC_DIGITS + 1)))) {
            throw new IOException(damage);
        }
        Map<String, String> fields = new HashMap<>();
        try (JsonParser in = JSON.createParser(line.substring(CRC_DIGITS + 1))) {
            in.nextToken();
            while (in.nextToken() == JsonToken.FIELD_NAME) {
                fields.put(in.currentName(), in.nextTextValue());
            }
        }
        if (!fields.keySet().containsAll(List.of("set", "party", "endpoint"))) {
            throw new IOException(damage);
        }
        contacts.add(new Contact(
                fields.getOrDefault("set", ""),
                fields.getOrDefault("party", ""),
                fields.getOrDefault("endpoint", ""),
                fields.getOrDefault("name", "")));
    }

    /** Bytes of an incomplete last line that were removed. */
    public long dropped() {
        return dropped;
    }

    /** Gives a history the contacts that concern its policy; others are kept for policies to come. */
    public void restore(Policy policy, History history) {
        for (Contact contact : contacts) {
            for (ConflictSet set : policy.conflicts()) {
                if (set.name().equals(contact.set())) {
                    restore(policy, history, set, contact);
                }
            }
        }
    }

    private static void restore(Policy policy, History history, ConflictSet set, Contact contact) {
        Optional<Endpoint> endpoint = endpoint(policy, contact.endpoint());
        for (ConflictSet.Party party : set.parties()) {
            if (party.name().equals(contact.party())) {
                endpoint.ifPresent(e -> history.restore(set.index(), e.index(), party.index()));
            }
        }
    }

    private static Optional<Endpoint> endpoint(Policy policy, String identity) {
        if (identity.startsWith("@")) {
            return policy.endpoint(identity);
        }
        try {
            return policy.domain(UUID.fromString(identity)).map(Endpoint.class::cast);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /**
     * Records contacts.
     *
     * @return whether they are on the medium; once that has failed nothing is recorded any more
     */
    public boolean append(List<Contact> made, String flow) {
        if (failed) {
            return false;
        }
        try {
            byte[] lines = lines(made, flow);
            storage.write(length, lines);
            storage.force();
            length += lines.length;
            contacts.addAll(made);
            return true;
        } catch (IOException e) {
            LOG.error("the journal of contacts can't be written: {}", e.getMessage());
            failed = true;
            discard();
            return false;
        }
    }

    /** Half a line must not stand before others; if it can't be removed either, reading it will say so. */
    private void discard() {
        try {
            storage.truncate(length);
            storage.force();
            failed = false;
        } catch (IOException e) {
            LOG.error("the journal of contacts can't be cut: {}", e.getMessage());
        }
    }

    private static byte[] lines(List<Contact> made, String flow) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (Contact contact : made) {
            String json = json(contact, flow);
            out.writeBytes((crc(json) + " " + json + "\n").getBytes(StandardCharsets.UTF_8));
        }
        return out.toByteArray();
    }

    private static String json(Contact contact, String flow) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = JSON.createGenerator(text)) {
            out.writeStartObject();
            out.writeStringField("set", contact.set());
            out.writeStringField("party", contact.party());
            out.writeStringField("endpoint", contact.endpoint());
            out.writeStringField("name", contact.name());
            out.writeStringField("flow", flow);
            out.writeEndObject();
        }
        return text.toString();
    }

    private static String crc(String text) {
        CRC32C crc = new CRC32C();
        crc.update(text.getBytes(StandardCharsets.UTF_8));
        return String.format("%08x", crc.getValue());
    }

    @Override
    public void close() throws IOException {
        storage.close();
    }
}
