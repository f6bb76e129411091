package dev.cloister.policy.language;

import dev.cloister.policy.model.CovertLimit;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Forbid;
import dev.cloister.policy.model.Fragment;
import dev.cloister.policy.model.Rate;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Reads fragments into a policy that has been read: they forbid, limit, and demand; nothing in them can allow. What would be
 * wider than what stands is an error.
 */
final class FragmentReader {
    /** The fields of a fragment. */
    static final Set<String> FIELDS = Set.of(
            "$schema",
            "version",
            "fragment",
            "description",
            "include",
            "forbid",
            "limits",
            "windows",
            "conflicts",
            "assertions",
            "requestRate",
            "covertLimit");

    /** The most prohibitions and limits of all fragments together: each is held against every flow. */
    static final int MAX_RULES = 1024;

    private static final Set<String> FORBID_FIELDS = Set.of("from", "to", "kinds", "because");
    private static final Set<String> LIMIT_FIELDS = Set.of("flows", "rate", "quota", "when", "backChannel");
    private static final Set<String> SELECTION_FIELDS = Set.of("from", "to", "kinds");
    private static final Set<FlowKind> ALL = EnumSet.allOf(FlowKind.class);

    private final WindowReader windows;
    private final ConflictReader conflicts;
    private final ClaimsReader claims;
    private final Selectors selectors;
    private final List<Flow> flows;
    private final Map<String, Integer> flowByName = new HashMap<>();
    private final Names names = new Names("fragment");
    private final List<Fragment> fragments = new ArrayList<>();
    private Rate requestRate;
    private Optional<CovertLimit> covertLimit;
    private int rules;

    /** Starts from what the policy itself says. */
    FragmentReader(
            WindowReader windows,
            ConflictReader conflicts,
            ClaimsReader claims,
            Selectors selectors,
            List<Flow> flows,
            Rate requestRate,
            Optional<CovertLimit> covertLimit) {
        this.windows = windows;
        this.conflicts = conflicts;
        this.claims = claims;
        this.selectors = selectors;
        this.flows = new ArrayList<>(flows);
        this.requestRate = requestRate;
        this.covertLimit = covertLimit;
    }

    /** Returns the flows with every prohibition and limit. */
    List<Flow> flows() {
        return flows;
    }

    Rate requestRate() {
        return requestRate;
    }

    Optional<CovertLimit> covertLimit() {
        return covertLimit;
    }

    List<Fragment> fragments() {
        return fragments;
    }

    /** Reads fragments in the order of inclusion. */
    void read(List<Includes.Document> documents) {
        if (!documents.isEmpty()) {
            flows.forEach(flow -> flowByName.putIfAbsent(flow.name(), flow.index()));
        }
        documents.forEach(this::read);
    }

    private void read(Includes.Document document) {
        Fields fields = document.fields();
        PolicyReader.version(fields);
        fields.text("$schema", TextForm.STATED, "");
        fields.description();
        String name = fields.text("fragment", TextForm.NAME);
        fields.optional("fragment").ifPresent(at -> names.add(name, at, fields.problems()));
        fragments.add(new Fragment(document.written(), name, document.includer().at(document.item())));
        windows.read(fields);
        conflicts.read(fields);
        for (Json item : fields.items("forbid", false, MAX_RULES)) {
            forbid(fields.open(item, "a prohibition", FORBID_FIELDS), name);
        }
        for (Json item : fields.items("limits", false, MAX_RULES)) {
            limit(fields.open(item, "a limit", LIMIT_FIELDS));
        }
        claims.readAssertions(fields);
        requestRate(fields);
        covertLimit(fields);
    }

    private void forbid(Fields fields, String fragment) {
        Forbid forbid = new Forbid(fragment, fields.text("because", TextForm.STATED), fields.position());
        List<Integer> matched = between(fields);
        if (matched.isEmpty() && !fields.problems().hasErrors()) {
            fields.problems()
                    .note(
                            FindingId.FORBID_UNUSED,
                            fields.position(),
                            "fragment \"" + fragment + "\" forbids what no flow of this policy is",
                            "keep it if it guards against later flows; else remove it");
        }
        for (int index : matched) {
            Flow flow = flows.get(index);
            if (flow.forbidden().isEmpty()) {
                flows.set(index, with(flow, Optional.of(forbid)));
            }
        }
    }

    private static Flow with(Flow flow, Optional<Forbid> forbid) {
        return flow.withForbidden(forbid);
    }

    private void limit(Fields fields) {
        Optional<Json> json = fields.required("flows");
        boolean byName = json.isPresent() && json.get() instanceof Json.Arr;
        List<Integer> selected = json.map(at -> byName ? named(fields, at) : matching(fields, at))
                .orElse(List.of());
        new Narrowing(fields, byName, windows).apply(flows, selected);
    }

    private List<Integer> named(Fields fields, Json json) {
        List<Integer> indexes = new ArrayList<>();
        for (Json item : fields.someItems(json, "flows", FlowReader.MAX_FLOWS)) {
            String name = fields.text(item, "flows", TextForm.FLOW_NAME);
            Integer index = flowByName.get(name);
            if (index != null) {
                indexes.add(index);
            } else if (!name.isEmpty()) {
                fields.error(
                        FindingId.DANGLING,
                        item,
                        "no such flow",
                        "a flow of the policy",
                        fields.problems().nearest(name, flowByName.keySet()));
            }
        }
        return indexes;
    }

    private List<Integer> matching(Fields fields, Json json) {
        if (!(json instanceof Json.Obj)) {
            fields.wrongType(json, "flows", "an array of names, or an object with \"from\", \"to\" and \"kinds\"");
            return List.of();
        }
        List<Integer> found = between(fields.open(json, "a selection of flows", SELECTION_FIELDS));
        if (found.isEmpty() && !fields.problems().hasErrors()) {
            fields.error(FindingId.DANGLING, json, "the limit concerns no flow", "at least one such flow", "");
        }
        return found;
    }

    private List<Integer> between(Fields fields) {
        List<Endpoint> from = selectors.required(fields, "from");
        List<Endpoint> to = selectors.required(fields, "to");
        Set<FlowKind> kinds = fields.optional("kinds")
                .map(json -> TypeReader.kinds(fields, json))
                .orElse(ALL);
        if (++rules > MAX_RULES) {
            fields.error(
                    FindingId.FRAGMENT_LIMIT,
                    fields.self(),
                    "too many prohibitions and limits",
                    "at most " + MAX_RULES + " in all fragments together",
                    "name several endpoints in one, or give them a tag");
            return List.of();
        }
        BitSet senders = bits(from);
        BitSet receivers = bits(to);
        List<Integer> found = new ArrayList<>();
        for (Flow flow : flows) {
            boolean ends =
                    senders.get(flow.from().index()) && receivers.get(flow.to().index());
            if (ends && kinds.contains(flow.kind())) {
                found.add(flow.index());
            }
        }
        return found;
    }

    private static BitSet bits(List<Endpoint> endpoints) {
        BitSet bits = new BitSet();
        endpoints.forEach(endpoint -> bits.set(endpoint.index()));
        return bits;
    }

    private void requestRate(Fields fields) {
        LimitReader.rate(fields, "requestRate").ifPresent(rate -> {
            if (Narrowing.compare(Optional.of(requestRate), rate) == Narrowing.Compared.NARROWER) {
                requestRate = rate;
            } else {
                fields.optional("requestRate")
                        .ifPresent(at -> fields.error(
                                FindingId.FRAGMENT_WIDENS,
                                at,
                                "the fragment's request rate is wider than what stands",
                                Narrowing.show(requestRate) + " or less",
                                "only the policy itself can allow more"));
            }
        });
    }

    private void covertLimit(Fields fields) {
        ClaimsReader.covertLimit(fields).ifPresent(limit -> {
            long stands = covertLimit.map(CovertLimit::bitsPerSecond).orElse(Long.MAX_VALUE);
            if (limit.bitsPerSecond() <= stands) {
                covertLimit = Optional.of(limit);
            } else {
                fields.optional("covertLimit")
                        .ifPresent(at -> fields.error(
                                FindingId.FRAGMENT_WIDENS,
                                at,
                                "the fragment's covert limit is wider than what stands",
                                stands + " bits per second or less",
                                "only the policy itself can allow more"));
            }
        });
    }
}
