package dev.cloister.policy.reference;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** What a policy's document says, read anew for each question: names, lists and sets, nothing compiled. */
final class ReferencePolicy {
    private static final Map<String, Object> DEFAULT_REQUEST_RATE = Doc.of("perSecond", 10L, "burst", 20L);

    private final Map<String, Object> policy;
    private final List<Map<String, Object>> files;

    /** Takes the policy's document and those of the fragments, in the order of inclusion. */
    ReferencePolicy(Map<String, Object> policy, List<Map<String, Object>> fragments) {
        this.policy = policy;
        this.files = Stream.concat(Stream.of(policy), fragments.stream()).toList();
    }

    List<Map<String, Object>> windows() {
        return everywhere("windows");
    }

    List<Map<String, Object>> conflicts(String mode) {
        return everywhere("conflicts").stream()
                .filter(set -> Doc.string(set, "mode").equals(mode))
                .toList();
    }

    private List<Map<String, Object>> everywhere(String field) {
        return files.stream().flatMap(file -> Doc.objects(file, field).stream()).toList();
    }

    List<Map<String, Object>> flows() {
        return Doc.objects(policy, "flows");
    }

    Optional<Map<String, Object>> flow(String name) {
        return flows().stream().filter(flow -> is(flow, "name", name)).findFirst();
    }

    Optional<Map<String, Object>> domain(String name) {
        return Doc.objects(policy, "domains").stream()
                .filter(domain -> is(domain, "name", name))
                .findFirst();
    }

    List<String> domains() {
        return Doc.objects(policy, "domains").stream()
                .map(domain -> Doc.string(domain, "name"))
                .toList();
    }

    /** Every endpoint by name: a domain's object or a host resource's. */
    Map<String, Map<String, Object>> endpoints() {
        Map<String, Map<String, Object>> all = new LinkedHashMap<>();
        Doc.objects(policy, "domains").forEach(domain -> all.put(Doc.string(domain, "name"), domain));
        Map<String, Object> host = Doc.object(policy, "host").orElse(Map.of());
        for (String plain : List.of("audit", "console")) {
            Doc.object(host, plain).ifPresent(found -> all.put("@" + plain, found));
        }
        for (String sort : List.of("disk", "tap", "log")) {
            Doc.object(host, sort + "s")
                    .ifPresent(named ->
                            named.forEach((name, found) -> all.put("@" + sort + ":" + name, Doc.object(found))));
        }
        return all;
    }

    /** The endpoints that a selector names. */
    Set<String> select(Map<String, Object> owner, String field) {
        Set<String> selected = new LinkedHashSet<>();
        for (String selector : Doc.strings(owner, field)) {
            if (selector.equals("*")) {
                selected.addAll(domains());
            } else if (selector.startsWith("#")) {
                Doc.objects(policy, "domains").stream()
                        .filter(domain -> Doc.strings(domain, "tags").contains(selector.substring(1)))
                        .forEach(domain -> selected.add(Doc.string(domain, "name")));
            } else {
                selected.add(selector);
            }
        }
        return selected;
    }

    /** Whether some fragment forbids a flow. */
    boolean forbidden(Map<String, Object> flow) {
        return everywhere("forbid").stream()
                .anyMatch(forbid -> select(forbid, "from").contains(Doc.string(flow, "from"))
                        && select(forbid, "to").contains(Doc.string(flow, "to"))
                        && kind(forbid, Doc.string(flow, "kind")));
    }

    private static boolean kind(Map<String, Object> rule, String kind) {
        return !rule.containsKey("kinds")
                || Doc.strings(rule, "kinds").contains("*")
                || Doc.strings(rule, "kinds").contains(kind);
    }

    /** A limit of a flow wherever one is stated: by the flow itself, and by fragments that name it. All of them hold. */
    List<Map<String, Object>> limits(Map<String, Object> flow, String field) {
        List<Map<String, Object>> stated = new ArrayList<>(List.of(flow));
        everywhere("limits").stream()
                .filter(limit -> Doc.strings(limit, "flows").contains(Doc.string(flow, "name")))
                .forEach(stated::add);
        return stated.stream().filter(owner -> owner.containsKey(field)).toList();
    }

    /** Every rate at which a domain may ask: the policy's and those of fragments. */
    List<Map<String, Object>> requestRates() {
        List<Map<String, Object>> stated = new ArrayList<>(files.stream()
                .flatMap(file -> Doc.object(file, "requestRate").stream())
                .toList());
        if (!policy.containsKey("requestRate")) {
            stated.add(DEFAULT_REQUEST_RATE);
        }
        return stated;
    }

    Optional<Map<String, Object>> guard(String domain) {
        return Doc.objects(policy, "guards").stream()
                .filter(guard -> is(guard, "domain", domain))
                .findFirst();
    }

    /** Whether a label dominates another: its level is that or above it, and it has all its compartments. */
    boolean dominates(Map<String, Object> high, Map<String, Object> low) {
        return levelsFrom(Doc.string(high, "level")).contains(Doc.string(low, "level"))
                && new HashSet<>(Doc.strings(high, "compartments")).containsAll(Doc.strings(low, "compartments"));
    }

    /** A level and all below it. */
    private Set<String> levelsFrom(String level) {
        Object levels = Doc.get(Doc.object(policy, "lattice").orElseThrow(), "levels");
        Set<String> below = new HashSet<>(Set.of(level));
        if (levels instanceof List<?> chain) {
            chain.subList(0, chain.indexOf(level)).forEach(lower -> below.add((String) lower));
        } else {
            Doc.strings(Doc.object(levels), level).forEach(lower -> below.addAll(levelsFrom(lower)));
        }
        return below;
    }

    Map<String, Object> label(String endpoint) {
        return Doc.object(Doc.get(Doc.get(endpoints(), endpoint), "label"));
    }

    boolean hasTypes() {
        return !Doc.items(policy, "types").isEmpty();
    }

    /** Whether some rule lets an endpoint send a kind to another. */
    boolean typesAllow(String from, String to, String kind) {
        String sender = Doc.string(Doc.get(endpoints(), from), "type");
        String receiver = Doc.string(Doc.get(endpoints(), to), "type");
        return Doc.objects(policy, "typeRules").stream()
                .anyMatch(rule ->
                        names(rule, "from", sender) && names(rule, "to", receiver) && names(rule, "kinds", kind));
    }

    private static boolean names(Map<String, Object> rule, String field, String value) {
        return Doc.strings(rule, field).contains("*")
                || Doc.strings(rule, field).contains(value);
    }

    /** The parties of a set: members by the party's name. */
    Map<String, Set<String>> parties(Map<String, Object> set) {
        Map<String, Set<String>> parties = new LinkedHashMap<>();
        for (Object member : Doc.items(set, "members")) {
            if (member instanceof Map<?, ?>) {
                parties.put(Doc.string(Doc.object(member), "name"), select(Doc.object(member), "domains"));
            } else {
                Map<String, Object> one = Doc.of("domains", member);
                String name = member instanceof String text ? text : String.join(",", select(one, "domains"));
                parties.put(name, select(one, "domains"));
            }
        }
        return parties;
    }

    /** Whether a set doesn't concern an endpoint: the host's sinks, and a guard that sanitizes it. */
    boolean exempt(Map<String, Object> set, String endpoint) {
        return endpoint.equals("@console")
                || endpoint.equals("@audit")
                || guard(endpoint)
                        .filter(guard -> Doc.strings(guard, "sanitizes").contains(Doc.string(set, "name")))
                        .isPresent();
    }

    static boolean is(Map<String, Object> object, String field, String value) {
        return Doc.string(object, field).equals(value);
    }
}
