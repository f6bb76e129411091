package dev.cloister.policy.language;

import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Reads selectors: {@code "name"}, {@code "@disk:x"}, {@code "#tag"}, {@code "*"} (all domains), or an array of these. What
 * matches nothing is an error. Selectors of one string share their list, and the others together are bounded, so that a small
 * file can't fill memory.
 */
final class Selectors {
    /** The most endpoints that the items of all selectors which are arrays may name together, the same ones counted again. */
    static final int MAX_NAMED = 2_000_000;

    private static final int MAX_ITEMS = 10_000;
    private static final String WORDS = "\"name\", \"#tag\", \"@disk:x\", \"*\", or an array of these";

    private final Endpoints endpoints;
    private final Map<String, List<Endpoint>> single = new HashMap<>();
    private final Set<String> usedTags = new HashSet<>();
    private int named;

    Selectors(Endpoints endpoints) {
        this.endpoints = endpoints;
    }

    /** Reads a required member that is a selector; empty where something is wrong with it, which is reported. */
    List<Endpoint> required(Fields fields, String field) {
        return fields.required(field).map(json -> read(fields, json, field)).orElse(List.of());
    }

    /** Reads a selector; returns its endpoints, each once, in declared order. */
    List<Endpoint> read(Fields fields, Json json, String field) {
        if (json instanceof Json.Text text) {
            return one(fields, text, field);
        }
        if (!(json instanceof Json.Arr)) {
            fields.wrongType(json, field, WORDS);
            return List.of();
        }
        Map<Integer, Endpoint> all = new TreeMap<>();
        for (Json item : fields.someItems(json, field, MAX_ITEMS)) {
            if (!(item instanceof Json.Text text)) {
                fields.wrongType(item, field, WORDS);
                continue;
            }
            List<Endpoint> found = one(fields, text, field);
            named = Math.min(named + found.size(), MAX_NAMED + 1);
            if (named > MAX_NAMED) {
                tooMany(fields, json);
                return List.of();
            }
            found.forEach(endpoint -> all.put(endpoint.index(), endpoint));
        }
        return List.copyOf(all.values());
    }

    private static void tooMany(Fields fields, Json json) {
        fields.error(
                FindingId.OUT_OF_RANGE,
                json,
                "the selectors of this policy name too many endpoints",
                "at most " + MAX_NAMED + " in all arrays together",
                "give the domains a tag and name that");
    }

    /** Notes the tags that no selector has named. Call it when every selector has been read. */
    void unusedTags(Problems problems) {
        for (String tag : new TreeSet<>(endpoints.tags())) {
            if (!usedTags.contains(tag)) {
                problems.note(
                        FindingId.TAG_UNUSED,
                        endpoints.tagged(tag).getFirst().position(),
                        "nothing selects domains by the tag \"" + tag + "\"",
                        "name it as \"#" + tag + "\" in a conflict, an assertion or a risk, or remove it");
            }
        }
    }

    private List<Endpoint> one(Fields fields, Json.Text text, String field) {
        List<Endpoint> known = single.get(text.value());
        if (known != null) {
            return known;
        }
        List<Endpoint> found = List.copyOf(find(fields, text, field));
        if (!found.isEmpty()) {
            single.put(text.value(), found);
        }
        return found;
    }

    private List<Endpoint> find(Fields fields, Json.Text text, String field) {
        String name = text.value();
        if (name.equals("*")) {
            return endpoints.domains();
        }
        if (!name.startsWith("#")) {
            Optional<Endpoint> endpoint = endpoints.named(fields, text, field);
            return endpoint.map(List::of).orElse(List.of());
        }
        List<Endpoint> tagged = endpoints.tagged(name.substring(1));
        usedTags.add(name.substring(1));
        if (tagged.isEmpty()) {
            fields.error(
                    FindingId.DANGLING,
                    text,
                    "\"" + field + "\" selects nothing: no domain has this tag",
                    "a tag that some domain has",
                    fields.problems()
                            .nearest(
                                    name,
                                    endpoints.tags().stream()
                                            .map(tag -> "#" + tag)
                                            .toList()));
        }
        return tagged;
    }
}
