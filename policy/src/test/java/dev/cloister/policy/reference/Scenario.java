package dev.cloister.policy.reference;

import dev.cloister.policy.language.PolicyLoader;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A policy, its fragments by path, and what happens under it.
 *
 * @param policy the policy's document
 * @param fragments fragments by the path under which they are included
 * @param loaded when it is loaded
 * @param events what happens
 */
public record Scenario(Map<String, Object> policy, Map<String, Object> fragments, Instant loaded, List<Event> events) {
    private static final Path NOWHERE = Path.of("/policies");

    /** Returns the same policy with other events. */
    public Scenario with(List<Event> other) {
        return new Scenario(policy, fragments, loaded, List.copyOf(other));
    }

    /** Loads the policy by the product's loader: structure and references only. */
    public Policy load() throws PolicyException {
        byte[] text = Doc.text(policy).getBytes(StandardCharsets.UTF_8);
        if (fragments.isEmpty()) {
            return PolicyLoader.parse("p.json", text, NOWHERE);
        }
        try {
            Path folder = Files.createTempDirectory("cloister-fragments");
            try {
                for (Map.Entry<String, Object> fragment : fragments.entrySet()) {
                    Files.writeString(folder.resolve(fragment.getKey()), Doc.text(fragment.getValue()));
                }
                return PolicyLoader.parse("p.json", text, folder);
            } finally {
                for (String name : fragments.keySet()) {
                    Files.deleteIfExists(folder.resolve(name));
                }
                Files.delete(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns it as text: the policy, each fragment, and the lines that {@code cloister policy eval} reads. */
    @Override
    public String toString() {
        String included = fragments.entrySet().stream()
                .map(fragment -> "--- " + fragment.getKey() + "\n" + Doc.text(fragment.getValue()) + "\n")
                .collect(Collectors.joining());
        return "--- policy\n" + Doc.text(policy) + "\n" + included + "--- events, loaded at " + loaded + "\n"
                + events.stream().map(event -> line(event) + "\n").collect(Collectors.joining());
    }

    private static String line(Event event) {
        return Doc.text(List.of(event.line())).replaceAll("^\\[|\\]$", "");
    }
}
