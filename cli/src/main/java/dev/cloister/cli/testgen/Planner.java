package dev.cloister.cli.testgen;

import dev.cloister.policy.decision.Decision;
import dev.cloister.policy.decision.Gate;
import dev.cloister.policy.explain.Explanation;
import dev.cloister.policy.explain.Verdict;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostResource;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Window;
import dev.cloister.policy.model.WindowClock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Plans a connectivity test. Expectations come from the decision core, asked in the order in which the daemon will ask it; what a
 * gate says is the core's to change, never this class's.
 */
final class Planner {
    private static final List<FlowKind> ASKED =
            List.of(FlowKind.MEMORY, FlowKind.EVENT, FlowKind.STREAM, FlowKind.DATAGRAM, FlowKind.LOG);
    /** Only these gates' words are the same on every run; those of others may hold times and amounts. */
    private static final Set<Gate> STEADY = Set.of(Gate.DECLARED, Gate.LABELS, Gate.TYPES);

    private static final int REASON_BYTES = 96;
    /** A run takes less. */
    private static final Duration STEADY_FOR = Duration.ofMinutes(1);

    private final Policy policy;
    private final Batches batches;
    private final boolean allKinds;
    private final List<Check> checks = new ArrayList<>();
    private final Set<List<String>> pairs = new HashSet<>();
    private final Set<String> flowsUsed = new HashSet<>();
    private final Set<String> untested;
    private final long openWindows;
    private final long unsteady;
    private final Optional<Instant> validUntil;
    private Oracle oracle;

    private Planner(Policy policy, Batches batches, boolean allKinds) {
        this.policy = policy;
        this.batches = batches;
        this.allKinds = allKinds;
        Instant now = Instant.now();
        this.openWindows = new WindowClock(policy.windows(), now).openAt(now);
        this.unsteady = unsteady(policy);
        this.validUntil = calendar(policy, now).nextChange(now);
        this.oracle = new Oracle(policy, openWindows);
        this.untested = new java.util.TreeSet<>(batches.leftOut());
    }

    /**
     * Plans.
     *
     * @param policy the policy under test, which may be enforced
     * @param batches what runs at once, and which pairs are wanted
     * @param allKinds ask for every kind of channel between every pair, not for one of them by turns
     */
    static Suite plan(Policy policy, Batches batches, boolean allKinds) {
        return new Planner(policy, batches, allKinds).suite();
    }

    /** Windows relative to the load stand alike at every load; those of the calendar don't. */
    private static WindowClock calendar(Policy policy, Instant now) {
        List<Window> windows = policy.windows().stream()
                .filter(window -> window instanceof Window.Calendar)
                .toList();
        return new WindowClock(windows, now);
    }

    /** Windows that open or close while the probes run, so that nobody can say which they will see. */
    private static long unsteady(Policy policy) {
        long bits = 0;
        for (Window window : policy.windows()) {
            if (window instanceof Window.Relative relative) {
                boolean opens = !relative.after().isZero() && soon(relative.after());
                boolean closes = relative.length()
                        .filter(length -> soon(relative.after().plus(length)))
                        .isPresent();
                bits |= opens || closes ? 1L << window.index() : 0;
            }
        }
        return bits;
    }

    private static boolean soon(Duration afterLoad) {
        return afterLoad.compareTo(STEADY_FOR) <= 0;
    }

    private Suite suite() {
        for (int batch = 0; batch < batches.count(); batch++) {
            batch(batch);
        }
        int domains = policy.domains().size();
        Suite.Coverage coverage = new Suite.Coverage(
                domains * (domains - 1), pairs.size(), policy.flows().size(), flowsUsed.size(), List.copyOf(untested));
        return new Suite(policy.name(), policy.digest(), validUntil, batches.files(), checks, coverage);
    }

    private void batch(int batch) {
        oracle = new Oracle(policy, openWindows);
        Set<Endpoint> running = new HashSet<>(policy.endpoints());
        running.removeIf(Domain.class::isInstance);
        for (Domain domain : policy.domains()) {
            if (batches.runs(batch, domain)) {
                Decision start = oracle.start(domain);
                add(batch, Check.Deed.START, domain, domain, domain, null, Optional.empty(), start, false);
                if (start.granted()) {
                    running.add(domain);
                    consoles(batch, domain);
                }
            }
        }
        Set<Flow> live = uses(batch, running);
        for (Domain asker : policy.domains()) {
            if (running.contains(asker) && batches.home(asker) == batch) {
                asks(batch, asker, live);
            }
        }
    }

    private void consoles(int batch, Domain domain) {
        for (Flow flow : policy.flowsOf(domain)) {
            if (flow.kind() == FlowKind.CONSOLE) {
                use(batch, flow);
            }
        }
    }

    private Set<Flow> uses(int batch, Set<Endpoint> running) {
        Set<Flow> live = new HashSet<>();
        for (Flow flow : policy.flows()) {
            if (running.contains(flow.from()) && running.contains(flow.to())) {
                boolean made = flow.kind() == FlowKind.CONSOLE || use(batch, flow);
                if (made) {
                    live.add(flow);
                }
            }
        }
        return live;
    }

    private boolean use(int batch, Flow flow) {
        Decision decision = oracle.open(flow);
        boolean typed = flow.from() instanceof HostEndpoint && flow.kind() == FlowKind.CONSOLE;
        if (typed && decision.granted()) {
            untested.add("flow " + flow.name() + ": its sender is a person at the console");
        } else if ((flow.limits().when().windows() & unsteady) != 0) {
            untested.add("flow " + flow.name() + ": its window opens or closes within " + STEADY_FOR.toSeconds()
                    + " s of the load");
        } else if (flowsUsed.add(flow.name())) {
            Endpoint actor = flow.to() instanceof Domain ? flow.to() : flow.from();
            add(batch, Check.Deed.USE, actor, flow.from(), flow.to(), flow.kind(), Optional.of(flow), decision, false);
        }
        return decision.granted();
    }

    private void asks(int batch, Domain asker, Set<Flow> live) {
        for (Endpoint peer : policy.endpoints()) {
            switch (peer) {
                case Domain domain -> askDomain(batch, asker, domain, live);
                case HostEndpoint host -> askHost(batch, asker, host, live);
            }
        }
    }

    private void askDomain(int batch, Domain asker, Domain peer, Set<Flow> live) {
        if (asker.equals(peer)) {
            return;
        }
        if (batches.wants(asker, peer)) {
            kinds(asker, peer).forEach(kind -> ask(batch, asker, asker, peer, kind, live));
        }
        if (batches.wants(peer, asker)) {
            kinds(peer, asker).forEach(kind -> ask(batch, asker, peer, asker, kind, live));
        }
    }

    private void askHost(int batch, Domain asker, HostEndpoint host, Set<Flow> live) {
        if (host.resource() == HostResource.AUDIT) {
            ask(batch, asker, host, asker, FlowKind.MEMORY, live);
        } else if (host.resource() == HostResource.CONSOLE) {
            ask(batch, asker, host, asker, FlowKind.CONSOLE, live);
            ask(batch, asker, asker, host, FlowKind.CONSOLE, live);
        }
    }

    /** Every kind that is declared between them, and one that isn't; or all. */
    private List<FlowKind> kinds(Domain from, Domain to) {
        List<FlowKind> kinds = new ArrayList<>();
        boolean undeclared = false;
        for (int i = 0; i < ASKED.size(); i++) {
            FlowKind kind = ASKED.get((i + from.index() + to.index()) % ASKED.size());
            boolean declared = policy.findFlow(from.index(), to.index(), kind) != Policy.NO_FLOW;
            if (declared || allKinds || !undeclared) {
                kinds.add(kind);
            }
            undeclared |= !declared;
        }
        return kinds;
    }

    private void ask(int batch, Domain asker, Endpoint from, Endpoint to, FlowKind kind, Set<Flow> live) {
        Decision decision = oracle.ask(asker, from, to, kind);
        Optional<Flow> flow = decision.flow();
        if (decision.granted() && (flow.isEmpty() || !live.contains(flow.get()) || limited(flow.get()))) {
            // What is granted but not live is refused for want of a peer, and asking uses up what little may pass.
            return;
        }
        add(batch, Check.Deed.ASK, asker, from, to, kind, flow, decision, true);
    }

    private static boolean limited(Flow flow) {
        return flow.rate().isPresent()
                || flow.limits().quota().isPresent()
                || flow.limits().when().restricted();
    }

    // Everything that a check holds; it would only be carried in a record and unpacked here.
    @SuppressWarnings("PMD.ExcessiveParameterList")
    private void add(
            int batch,
            Check.Deed deed,
            Endpoint actor,
            Endpoint from,
            Endpoint to,
            FlowKind kind,
            Optional<Flow> flow,
            Decision decision,
            boolean told) {
        Optional<Verdict> refusal = decision.granted()
                ? Optional.empty()
                : Optional.of(Explanation.of(decision).deciding());
        checks.add(new Check(
                checks.size() + 1,
                batch,
                deed,
                actor.name(),
                from.name(),
                to.name(),
                kind == null ? "" : kind.jsonName(),
                flow.map(Flow::name).orElse(""),
                decision.granted(),
                refusal.map(verdict -> verdict.gate().jsonName()).orElse(""),
                refusal.filter(verdict -> told && STEADY.contains(verdict.gate()))
                        .map(verdict -> cut(verdict.text()))
                        .orElse("")));
        if (from instanceof Domain && to instanceof Domain && deed != Check.Deed.START) {
            pairs.add(Arrays.asList(from.name(), to.name()));
        }
    }

    /** As the daemon tells guests and the probe prints it. */
    private static String cut(String text) {
        String shown = text.length() > REASON_BYTES ? text.substring(0, REASON_BYTES) : text;
        return shown.replaceAll("[^ -~]", "?").strip();
    }
}
