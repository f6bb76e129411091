package dev.cloister.policy.language;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostObject;
import dev.cloister.policy.model.Label;
import dev.cloister.policy.model.SourcePosition;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What can be named: domains, host resources, tags. */
final class Endpoints {
    /** Stands in where a reference dangles; never leaves the loader, since the error keeps the policy from loading. */
    static final Endpoint NOWHERE = new HostEndpoint(
            0, "", new Label(0, 1, 0), Endpoint.NO_TYPE, new HostObject.Audit(), new SourcePosition("", 0, 0));

    private static final String WORDS = "a domain of this policy, or a resource declared in \"host\"";

    private final Map<String, Endpoint> byName = new LinkedHashMap<>();
    private final Map<String, List<Endpoint>> byTag = new LinkedHashMap<>();
    private final List<Endpoint> domains = new ArrayList<>();

    void add(Domain domain) {
        domains.add(domain);
        byName.putIfAbsent(domain.name(), domain);
        domain.tags()
                .forEach(tag ->
                        byTag.computeIfAbsent(tag, _ -> new ArrayList<>()).add(domain));
    }

    void add(HostEndpoint endpoint) {
        byName.putIfAbsent(endpoint.name(), endpoint);
    }

    /** Returns all domains. */
    List<Endpoint> domains() {
        return domains;
    }

    /** Returns the domains with a tag; none if no domain has it. */
    List<Endpoint> tagged(String tag) {
        return byTag.getOrDefault(tag, List.of());
    }

    Set<String> tags() {
        return byTag.keySet();
    }

    Optional<Endpoint> find(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    /** Reads a required member that names an endpoint. */
    Optional<Endpoint> required(Fields fields, String field) {
        return fields.required(field).flatMap(json -> named(fields, json, field));
    }

    /** Reads a required member that names a domain. */
    Optional<Domain> requiredDomain(Fields fields, String field) {
        Optional<Endpoint> found = required(fields, field);
        if (found.isPresent() && !(found.get() instanceof Domain)) {
            fields.optional(field)
                    .ifPresent(at -> fields.error(
                            FindingId.ENDPOINT_MISUSE,
                            at,
                            "\"" + field + "\" of " + fields.what() + " is a host resource",
                            "a domain",
                            ""));
        }
        return found.isPresent() && found.get() instanceof Domain domain ? Optional.of(domain) : Optional.empty();
    }

    /** Reads a value that names an endpoint; reports one that names nothing. */
    Optional<Endpoint> named(Fields fields, Json json, String field) {
        if (!(json instanceof Json.Text text)) {
            fields.wrongType(json, field, "a string: the name of a domain or host resource");
            return Optional.empty();
        }
        Endpoint found = byName.get(text.value());
        if (found == null) {
            fields.error(
                    FindingId.DANGLING,
                    json,
                    "\"" + field + "\" names nothing that is declared",
                    WORDS,
                    suggestion(text.value(), fields.problems()));
        }
        return Optional.ofNullable(found);
    }

    private String suggestion(String name, Problems problems) {
        String nearest = problems.nearest(name, byName.keySet());
        return nearest.isEmpty() && name.startsWith("@") ? "declare it in \"host\" with its label" : nearest;
    }
}
