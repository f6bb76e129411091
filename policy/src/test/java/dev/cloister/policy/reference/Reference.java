package dev.cloister.policy.reference;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The documented semantics of a decision, written down literally and slowly over the policy's own document. It shares no code and
 * no data with the decision core: names, sets, recursion, and everything recounted from the beginning.
 *
 * <p>Gates are asked in order and all of them are; the reason of a gate is the first that applies:
 *
 * <ol>
 *   <li>declared: a start, always. A channel or a use: not declared; forbidden by a fragment; declared.
 *   <li>labels: not for a start. The receiver dominates the sender; both are guards; the receiver is a guard and the sender within
 *       its bounds, or not; the sender is a guard and the receiver within its bounds, or not; forbidden.
 *   <li>types: not for a start. Without types unrestricted; some rule allows it, or none.
 *   <li>conflicts: a start: a domain of another party of a concurrent set runs; some concurrent set concerns it; unrestricted. A
 *       channel: information of two parties would meet; some historic set concerns it; unrestricted. Not for a use.
 *   <li>timeWindow: of each list of windows, one is open. Not for a channel that isn't declared.
 *   <li>rate: the asking domain's bucket; the flow's bucket (one token for a channel, one for each unit of a use); the flow's quota
 *       (units); the guard's quota, where the guard alone makes the flow legal. Not for a start, nor, but for the asker's bucket,
 *       for a channel that isn't declared.
 *   <li>measurement: a start: the domain. A channel: the sender, if it is a domain or a disk with a digest; the receiver, if it is
 *       a domain. Not for a use.
 * </ol>
 */
public final class Reference {
    private static final String NOT_APPLICABLE = "NOT_APPLICABLE";
    private static final String UNRESTRICTED = "UNRESTRICTED";

    private final ReferencePolicy policy;
    private final ReferenceClock clock;
    private final Instant loaded;
    private final Map<String, ReferenceContacts> contacts = new LinkedHashMap<>();
    private final Map<String, ReferenceMeter> meters = new HashMap<>();
    private final Map<String, Map<String, String>> measured = new HashMap<>();
    private final Set<String> running = new LinkedHashSet<>();
    private final Set<String> open = new LinkedHashSet<>();
    private Instant now;

    /** Begins with a policy's document, its fragments in the order of inclusion, and the time of its load. */
    public Reference(Map<String, Object> document, List<Map<String, Object>> fragments, Instant loaded) {
        this.policy = new ReferencePolicy(document, fragments);
        this.clock = new ReferenceClock(policy.windows(), loaded);
        this.loaded = loaded;
        this.now = loaded;
        policy.conflicts("historic")
                .forEach(set -> contacts.put(Doc.string(set, "name"), new ReferenceContacts(policy, set)));
    }

    /** Begins with a scenario's policy. */
    public Reference(Scenario scenario) {
        this(
                scenario.policy(),
                Doc.strings(scenario.policy(), "include").stream()
                        .map(path -> Doc.object(Doc.get(scenario.fragments(), path)))
                        .toList(),
                scenario.loaded());
    }

    /** Sets the time, and nothing else. */
    public void at(Instant time) {
        now = time;
    }

    /** Lets an event happen; one that names what isn't there is skipped. */
    public Answer next(Event event) {
        return switch (event) {
            case Event.Start start ->
                policy.domain(start.domain()).isPresent() ? start(start.domain()) : Answer.NOTHING;
            case Event.Stop stop -> {
                stop(stop.domain());
                yield Answer.NOTHING;
            }
            case Event.Open asked -> known(asked) ? open(asked) : Answer.NOTHING;
            case Event.Close close -> {
                close(close.flow());
                yield Answer.NOTHING;
            }
            case Event.Use use ->
                policy.flow(use.flow()).map(flow -> use(flow, use.units())).orElse(Answer.NOTHING);
            case Event.Pass pass -> pass(pass.after(now, loaded));
            case Event.Measure measure -> {
                measured.put(measure.endpoint(), measure.digests());
                yield Answer.NOTHING;
            }
            case Event.Contact contact -> {
                restore(contact);
                yield Answer.NOTHING;
            }
        };
    }

    private boolean known(Event.Open asked) {
        Set<String> endpoints = policy.endpoints().keySet();
        return endpoints.contains(asked.from())
                && endpoints.contains(asked.to())
                && asked.flow().map(policy::flow).map(Optional::isPresent).orElse(true)
                && asked.asker().map(policy::domain).map(Optional::isPresent).orElse(true);
    }

    private Answer pass(Instant time) {
        Set<String> ended = new TreeSet<>();
        for (Instant moment : clock.moments(now, time)) {
            if (!timed()) {
                break;
            }
            Set<String> windows = clock.open(moment);
            for (String domain : List.copyOf(running)) {
                if (!within(policy.domain(domain).stream().toList(), windows)) {
                    ended.add(domain);
                    stop(domain);
                }
            }
            for (String flow : List.copyOf(open)) {
                if (!within(policy.limits(policy.flow(flow).orElseThrow(), "when"), windows)) {
                    ended.add(flow);
                    close(flow);
                }
            }
        }
        now = time;
        return new Answer(Map.of(), "", Set.of(), ended);
    }

    /** Whether a window can end anything now. */
    private boolean timed() {
        return running.stream()
                        .anyMatch(domain -> policy.domain(domain).orElseThrow().containsKey("when"))
                || open.stream()
                        .anyMatch(flow -> !policy.limits(policy.flow(flow).orElseThrow(), "when")
                                .isEmpty());
    }

    private void stop(String domain) {
        running.remove(domain);
        for (Map<String, Object> flow : policy.flows()) {
            if (ReferencePolicy.is(flow, "from", domain) || ReferencePolicy.is(flow, "to", domain)) {
                close(Doc.string(flow, "name"));
            }
        }
    }

    private void close(String flow) {
        open.remove(flow);
        contacts.values().forEach(set -> set.closed(flow));
    }

    private void restore(Event.Contact contact) {
        ReferenceContacts set = contacts.get(contact.set());
        boolean party = policy.conflicts("historic").stream()
                .filter(one -> ReferencePolicy.is(one, "name", contact.set()))
                .anyMatch(one -> policy.parties(one).containsKey(contact.party()));
        if (set != null && party && open.isEmpty() && policy.endpoints().containsKey(contact.endpoint())) {
            set.restored(contact.endpoint(), contact.party());
        }
    }

    private Answer start(String domain) {
        Map<String, String> reasons = new LinkedHashMap<>();
        reasons.put("declared", "DOMAIN_DECLARED");
        reasons.put("labels", NOT_APPLICABLE);
        reasons.put("types", NOT_APPLICABLE);
        reasons.put("conflicts", running(domain));
        reasons.put("timeWindow", window(policy.domain(domain).stream().toList()));
        reasons.put("rate", NOT_APPLICABLE);
        reasons.put("measurement", asStated(domain) ? "MEASURED" : "SENDER_NOT_MEASURED");
        Answer answer = new Answer(reasons, "", Set.of(), Set.of());
        if (answer.granted()) {
            running.add(domain);
        }
        return answer;
    }

    private Answer open(Event.Open asked) {
        Optional<Map<String, Object>> flow = policy.flows().stream()
                .filter(one -> asked.flow().isEmpty()
                        || ReferencePolicy.is(one, "name", asked.flow().get()))
                .filter(one -> ReferencePolicy.is(one, "from", asked.from()))
                .filter(one -> ReferencePolicy.is(one, "to", asked.to()))
                .filter(one -> ReferencePolicy.is(one, "kind", asked.kind()))
                .findFirst();
        Map<String, String> reasons = new LinkedHashMap<>();
        reasons.put("declared", flow.map(this::declared).orElse("FLOW_NOT_DECLARED"));
        reasons.put("labels", labels(asked.from(), asked.to()));
        reasons.put("types", types(asked.from(), asked.to(), asked.kind()));
        reasons.put("conflicts", history(asked.from(), asked.to()));
        reasons.put(
                "timeWindow",
                flow.map(one -> window(policy.limits(one, "when"))).orElse(NOT_APPLICABLE));
        boolean busy = asked.asker().isPresent() && !mayAsk(asked.asker().get());
        String rate = flow.map(one -> meters(one, 1, 0)).orElse(NOT_APPLICABLE);
        reasons.put("rate", busy ? "REQUEST_RATE_EXCEEDED" : rate);
        reasons.put("measurement", measured(asked.from(), asked.to()));
        asked.asker().ifPresent(asker -> meter("asker " + asker).take(nanos(), 1));
        String name = flow.map(one -> Doc.string(one, "name")).orElse("");
        Answer answer = new Answer(reasons, name, Set.of(), Set.of());
        if (!answer.granted()) {
            return answer;
        }
        take(flow.orElseThrow(), 1, 0);
        Set<String> before = contacts();
        open.add(name);
        contacts.values().forEach(set -> set.opened(flow.orElseThrow()));
        Set<String> made = contacts();
        made.removeAll(before);
        return new Answer(reasons, name, made, Set.of());
    }

    /** Every contact that there is, as {@code set:endpoint=party}. */
    private Set<String> contacts() {
        Set<String> all = new TreeSet<>();
        contacts.forEach((set, told) -> told.holds()
                .forEach((endpoint, parties) -> parties.forEach(party -> all.add(set + ":" + endpoint + "=" + party))));
        return all;
    }

    private Answer use(Map<String, Object> flow, long units) {
        String from = Doc.string(flow, "from");
        String to = Doc.string(flow, "to");
        Map<String, String> reasons = new LinkedHashMap<>();
        reasons.put("declared", declared(flow));
        reasons.put("labels", labels(from, to));
        reasons.put("types", types(from, to, Doc.string(flow, "kind")));
        reasons.put("conflicts", NOT_APPLICABLE);
        reasons.put("timeWindow", window(policy.limits(flow, "when")));
        reasons.put("rate", meters(flow, units, units));
        reasons.put("measurement", NOT_APPLICABLE);
        Answer answer = new Answer(reasons, Doc.string(flow, "name"), Set.of(), Set.of());
        if (answer.granted()) {
            take(flow, units, units);
        }
        return answer;
    }

    private String declared(Map<String, Object> flow) {
        return policy.forbidden(flow) ? "FLOW_FORBIDDEN" : "FLOW_DECLARED";
    }

    private String labels(String from, String to) {
        if (policy.dominates(policy.label(to), policy.label(from))) {
            return "DOMINATES";
        }
        Optional<Map<String, Object>> sender = policy.guard(from);
        Optional<Map<String, Object>> receiver = policy.guard(to);
        if (sender.isPresent() && receiver.isPresent()) {
            return "TWO_GUARDS";
        }
        if (receiver.isPresent()) {
            Map<String, Object> bound = Doc.object(Doc.get(receiver.get(), "from"));
            return policy.dominates(bound, policy.label(from)) ? "GUARD_ACCEPTS" : "OUTSIDE_BOUNDS";
        }
        if (sender.isPresent()) {
            Map<String, Object> bound = Doc.object(Doc.get(sender.get(), "to"));
            return policy.dominates(policy.label(to), bound) ? "GUARD_RELEASES" : "OUTSIDE_BOUNDS";
        }
        return "LABELS_FORBID";
    }

    private String types(String from, String to, String kind) {
        if (!policy.hasTypes()) {
            return UNRESTRICTED;
        }
        return policy.typesAllow(from, to, kind) ? "TYPE_ALLOWED" : "TYPE_FORBIDS";
    }

    private String running(String domain) {
        String reason = UNRESTRICTED;
        for (Map<String, Object> set : policy.conflicts("concurrent")) {
            Map<String, Set<String>> parties = policy.parties(set);
            for (Map.Entry<String, Set<String>> own : parties.entrySet()) {
                if (own.getValue().contains(domain) && !policy.exempt(set, domain)) {
                    Set<String> others = new HashSet<>();
                    parties.values().stream()
                            .filter(party -> party != own.getValue())
                            .forEach(others::addAll);
                    if (others.stream().anyMatch(other -> running.contains(other) && !policy.exempt(set, other))) {
                        return "PARTY_RUNS";
                    }
                    reason = "NO_CONFLICT";
                }
            }
        }
        return reason;
    }

    private String history(String from, String to) {
        String reason = UNRESTRICTED;
        for (ReferenceContacts set : contacts.values()) {
            if (set.concerns(from, to)) {
                if (set.forbids(from, to)) {
                    return "HISTORY_FORBIDS";
                }
                reason = "NO_CONFLICT";
            }
        }
        return reason;
    }

    private String window(List<Map<String, Object>> owners) {
        if (owners.stream().noneMatch(owner -> owner.containsKey("when"))) {
            return UNRESTRICTED;
        }
        return within(owners, clock.open(now)) ? "WINDOW_OPEN" : "WINDOW_CLOSED";
    }

    private static boolean within(List<Map<String, Object>> owners, Set<String> windows) {
        return owners.stream()
                .filter(owner -> owner.containsKey("when"))
                .allMatch(owner -> Doc.strings(owner, "when").stream().anyMatch(windows::contains));
    }

    private boolean mayAsk(String asker) {
        return policy.requestRates().stream()
                .allMatch(rate -> meter("asker " + asker).bucketHas(rate, 1, nanos()));
    }

    private String meters(Map<String, Object> flow, long tokens, long units) {
        String name = Doc.string(flow, "name");
        List<Map<String, Object>> rates = policy.limits(flow, "rate");
        List<Map<String, Object>> quotas = policy.limits(flow, "quota");
        for (Map<String, Object> owner : rates) {
            if (!meter("bucket " + name).bucketHas(Doc.object(Doc.get(owner, "rate")), tokens, nanos())) {
                return "FLOW_RATE_EXCEEDED";
            }
        }
        for (Map<String, Object> owner : quotas) {
            if (!within(Doc.object(Doc.get(owner, "quota")), "quota " + name, units)) {
                return "FLOW_QUOTA_EXCEEDED";
            }
        }
        Optional<Map<String, Object>> guard = releasing(flow).filter(found -> found.containsKey("quota"));
        if (guard.isPresent()
                && !within(Doc.object(Doc.get(guard.get(), "quota")), "guard " + Doc.string(flow, "from"), units)) {
            return "GUARD_QUOTA_EXCEEDED";
        }
        if (!quotas.isEmpty() || guard.isPresent()) {
            return "WITHIN_QUOTA";
        }
        return rates.isEmpty() ? UNRESTRICTED : "WITHIN_RATE";
    }

    private boolean within(Map<String, Object> quota, String meter, long units) {
        long amount = quota.containsKey("units") ? Doc.number(quota, "units") : Doc.number(quota, "bytes");
        return meter(meter).quotaHas(amount, ReferenceClock.nanos(Doc.string(quota, "per")), units, nanos());
    }

    /** The guard that alone makes a flow legal by releasing it. */
    private Optional<Map<String, Object>> releasing(Map<String, Object> flow) {
        String from = Doc.string(flow, "from");
        return labels(from, Doc.string(flow, "to")).equals("GUARD_RELEASES") ? policy.guard(from) : Optional.empty();
    }

    private void take(Map<String, Object> flow, long tokens, long units) {
        String name = Doc.string(flow, "name");
        meter("bucket " + name).take(nanos(), tokens);
        meter("quota " + name).take(nanos(), units);
        releasing(flow)
                .ifPresent(_ -> meter("guard " + Doc.string(flow, "from")).take(nanos(), units));
    }

    private ReferenceMeter meter(String name) {
        return meters.computeIfAbsent(name, _ -> new ReferenceMeter());
    }

    private String measured(String from, String to) {
        if (policy.domain(from).isPresent() && !asStated(from)) {
            return "SENDER_NOT_MEASURED";
        }
        boolean fixedDisk =
                from.startsWith("@disk:") && Doc.get(policy.endpoints(), from).containsKey("sha256");
        if (fixedDisk && !asStated(from)) {
            return "DISK_NOT_MEASURED";
        }
        return policy.domain(to).isPresent() && !asStated(to) ? "RECEIVER_NOT_MEASURED" : "MEASURED";
    }

    /** Whether every digest that the policy states was measured, and no file that it doesn't state. */
    private boolean asStated(String endpoint) {
        Map<String, String> presented = measured.get(endpoint);
        Map<String, Object> stated = Doc.get(policy.endpoints(), endpoint);
        if (presented == null) {
            return true;
        }
        if (endpoint.startsWith("@")) {
            return Doc.string(stated, "sha256").equals(presented.getOrDefault("sha256", ""));
        }
        Map<String, Object> image = Doc.object(Doc.get(stated, "image"));
        for (String file : List.of("kernel", "firmware", "initrd")) {
            String digest = Doc.object(image, file)
                    .map(found -> Doc.string(found, "sha256"))
                    .orElse("");
            if (!digest.equals(presented.getOrDefault(file, ""))) {
                return false;
            }
        }
        return true;
    }

    private long nanos() {
        return Duration.between(loaded, now).toNanos();
    }
}
