package dev.cloister.policy.analysis;

import dev.cloister.policy.model.BackChannel;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Guard;
import dev.cloister.policy.model.Label;
import dev.cloister.policy.model.Mediation;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Problem;
import dev.cloister.policy.model.SourcePosition;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;

/** The static analyses over a compiled policy. Deterministic: the same policy gives the same report. */
public final class PolicyCheck {
    /** The most channels of one domain: its directory page has that many entries. */
    public static final int MAX_CHANNELS = 31;

    /** Bytes of guest-physical address space for the windows of one domain's channels. */
    public static final long WINDOW_SPACE = 0xE000_0000L - 0xD020_0000L;

    /**
     * One analysis and what it found.
     *
     * @param title what was checked, in a few words
     * @param examined how many objects were looked at
     * @param findings errors, warnings and notes, in file order
     */
    public record Analysis(String title, int examined, List<Problem> findings) {
        /** Returns whether the analysis found no error. */
        public boolean passed() {
            return findings.stream().noneMatch(Problem::isError);
        }
    }

    /**
     * All analyses of a policy.
     *
     * @param analyses in the order in which they are printed
     */
    public record Report(List<Analysis> analyses) {
        /** Returns every finding in file order. */
        public List<Problem> findings() {
            return analyses.stream()
                    .flatMap(analysis -> analysis.findings().stream())
                    .sorted(Comparator.comparingInt(Problem::line).thenComparingInt(Problem::column))
                    .toList();
        }

        /** Returns whether the policy may be enforced. */
        public boolean passed() {
            return analyses.stream().allMatch(Analysis::passed);
        }
    }

    private final Policy policy;
    private final List<Analysis> analyses = new ArrayList<>();

    private PolicyCheck(Policy policy) {
        this.policy = policy;
    }

    /** Runs every analysis. */
    public static Report check(Policy policy) {
        PolicyCheck check = new PolicyCheck(policy);
        // The loader throws on a dangling reference, so a compiled policy has none: this line says that it was looked
        // at.
        check.analyse("references", policy.flows().size() * 2 + policy.guards().size(), _ -> {});
        check.analyse("lattice", check.latticeSize(), check::lattice);
        check.analyse("guards agree with their labels", policy.guards().size(), check::guards);
        check.analyse("every flow dominated or guarded", policy.flows().size(), check::flows);
        check.analyse("induced reverse edges", policy.flows().size(), check::reverseEdges);
        check.analyse("rates are seen by whoever enforces them", policy.flows().size(), check::rates);
        check.analyse("resources and limits", policy.domains().size(), check::resources);
        return new Report(List.copyOf(check.analyses));
    }

    private void analyse(String title, int examined, Consumer<List<Problem>> body) {
        List<Problem> findings = new ArrayList<>();
        body.accept(findings);
        analyses.add(new Analysis(title, examined, List.copyOf(findings)));
    }

    private int latticeSize() {
        return policy.lattice().levels().size()
                + policy.lattice().compartments().size();
    }

    private void lattice(List<Problem> out) {
        long levels = 0;
        long compartments = 0;
        for (Endpoint endpoint : policy.endpoints()) {
            levels |= 1L << endpoint.label().level();
            compartments |= endpoint.label().compartments();
        }
        for (Guard guard : policy.guards()) {
            levels |= 1L << guard.from().level() | 1L << guard.to().level();
            compartments |= guard.from().compartments() | guard.to().compartments();
        }
        unused(out, "level", policy.lattice().levels(), levels);
        unused(out, "compartment", policy.lattice().compartments(), compartments);
    }

    private void unused(List<Problem> out, String sort, List<String> names, long used) {
        for (int i = 0; i < names.size(); i++) {
            if ((used >>> i & 1) == 0) {
                out.add(finding(
                        FindingId.LATTICE_UNUSED,
                        Problem.Severity.NOTE,
                        policy.lattice().position(),
                        "no label uses the " + sort + " \"" + names.get(i) + "\"",
                        ""));
            }
        }
    }

    private void guards(List<Problem> out) {
        for (Guard guard : policy.guards()) {
            Label own = guard.domain().label();
            // What enters is below the guard's label or its "from"; what leaves is above its label or its "to". Each
            // way
            // against the lattice must be from -> to, never from -> own label or own label -> to by accident.
            boolean entry = own.dominates(guard.from()) || own.dominates(guard.to());
            boolean exit = guard.to().dominates(own) || guard.from().dominates(own);
            if (!entry || !exit) {
                out.add(finding(
                        FindingId.GUARD_UNSOUND,
                        Problem.Severity.ERROR,
                        guard.position(),
                        "guard \"" + guard.domain().name() + "\" with label " + show(own)
                                + " could move information outside its bounds, from " + show(guard.from()) + " to "
                                + show(guard.to()),
                        "label the guard between its bounds, for example " + show(guard.from())));
            }
            if (flowsThrough(guard) == 0) {
                out.add(finding(
                        FindingId.GUARD_UNUSED,
                        Problem.Severity.NOTE,
                        guard.position(),
                        "no flow needs the guard \"" + guard.domain().name()
                                + "\": the lattice allows all its flows anyway",
                        ""));
            }
        }
    }

    private long flowsThrough(Guard guard) {
        return policy.flowsOf(guard.domain()).stream()
                .filter(flow -> mediation(flow.from(), flow.to()) != Mediation.DOMINATES)
                .count();
    }

    private void flows(List<Problem> out) {
        for (Flow flow : policy.flows()) {
            Mediation mediation = mediation(flow.from(), flow.to());
            if (!mediation.allowed()) {
                out.add(finding(
                        FindingId.AGAINST_LATTICE,
                        Problem.Severity.ERROR,
                        flow.position(),
                        "flow \"" + flow.name() + "\" from " + show(flow.from()) + " to " + show(flow.to())
                                + " goes against the lattice" + why(mediation),
                        advice(mediation)));
            }
        }
    }

    private static String why(Mediation mediation) {
        return switch (mediation) {
            case OUTSIDE_BOUNDS -> " and outside the guard's bounds";
            case TWO_GUARDS -> ", and one guard can't mediate for another";
            case FORBIDDEN, DOMINATES, GUARD_ACCEPTS, GUARD_RELEASES -> " and no guard mediates";
        };
    }

    private static String advice(Mediation mediation) {
        return mediation == Mediation.OUTSIDE_BOUNDS
                ? "widen the guard's bounds or change a label"
                : "send it through a guard, change a label, or remove the flow";
    }

    private void reverseEdges(List<Problem> out) {
        for (Flow flow : policy.flows()) {
            if (!flow.kind().inducesReverseEdge()) {
                continue;
            }
            boolean reverseAllowed = mediation(flow.to(), flow.from()).allowed();
            String edge = "flow \"" + flow.name() + "\" (" + flow.kind().jsonName() + ") lets "
                    + flow.from().name() + " see the credit of " + flow.to().name();
            if (reverseAllowed) {
                flow.backChannel()
                        .ifPresent(budget -> out.add(finding(
                                FindingId.BUDGET_UNUSED,
                                Problem.Severity.NOTE,
                                budget.position(),
                                edge + "; the labels allow that, so the budget is only a limit",
                                "")));
            } else if (flow.backChannel().isEmpty()) {
                out.add(finding(
                        FindingId.REVERSE_EDGE,
                        Problem.Severity.ERROR,
                        flow.position(),
                        edge + ", a reverse edge that the labels forbid",
                        "declare \"backChannel\": {\"bitsPerSecond\": N}, or use kind memory"));
            } else {
                BackChannel budget = flow.backChannel().get();
                out.add(finding(
                        FindingId.REVERSE_EDGE,
                        Problem.Severity.NOTE,
                        budget.position(),
                        edge + ": at most " + budget.bitsPerSecond() + " bits/s against the labels",
                        ""));
            }
        }
    }

    private void rates(List<Problem> out) {
        for (Flow flow : policy.flows()) {
            if (flow.kind() == FlowKind.MEMORY && flow.rate().isPresent()) {
                out.add(finding(
                        FindingId.RATE_UNSEEN,
                        Problem.Severity.WARNING,
                        flow.rate().get().position(),
                        "the rate of memory flow \"" + flow.name()
                                + "\" limits how often it is opened, not its records: nobody sees them pass",
                        "use kind stream or event where the traffic itself must be limited"));
            }
        }
    }

    private void resources(List<Problem> out) {
        long memory = 0;
        long cpus = 0;
        for (Domain domain : policy.domains()) {
            memory += domain.memory().bytes();
            cpus += domain.cpus().count();
            channels(domain, out);
        }
        out.add(finding(
                FindingId.RESOURCES,
                Problem.Severity.NOTE,
                policy.position(),
                policy.domains().size() + " domains with " + (memory >> 10) + " KiB of memory and " + cpus
                        + " virtual CPUs in all",
                ""));
    }

    private void channels(Domain domain, List<Problem> out) {
        List<Flow> flows = policy.flowsOf(domain);
        long windows = flows.stream().mapToLong(Flow::windowBytes).sum();
        if (flows.isEmpty()) {
            out.add(finding(
                    FindingId.ISOLATED,
                    Problem.Severity.NOTE,
                    domain.position(),
                    "domain \"" + domain.name() + "\" has no flow, not even a console",
                    ""));
        }
        if (flows.size() > MAX_CHANNELS) {
            out.add(finding(
                    FindingId.TOO_MANY_CHANNELS,
                    Problem.Severity.ERROR,
                    domain.position(),
                    "domain \"" + domain.name() + "\" has " + flows.size() + " channels; its directory holds "
                            + MAX_CHANNELS,
                    "split the domain or merge flows"));
        }
        if (windows > WINDOW_SPACE) {
            out.add(finding(
                    FindingId.WINDOWS_TOO_LARGE,
                    Problem.Severity.ERROR,
                    domain.position(),
                    "the channel windows of domain \"" + domain.name() + "\" need " + windows + " bytes; there are "
                            + WINDOW_SPACE,
                    "make records or rings smaller"));
        }
    }

    private Mediation mediation(Endpoint from, Endpoint to) {
        return Mediation.of(policy, from.index(), to.index());
    }

    private String show(Endpoint endpoint) {
        return endpoint.name() + " (" + show(endpoint.label()) + ")";
    }

    private String show(Label label) {
        return policy.lattice().format(label);
    }

    private static Problem finding(
            FindingId id, Problem.Severity severity, SourcePosition at, String message, String suggestion) {
        return new Problem(id, severity, at.file(), at.line(), at.column(), message, "", "", suggestion);
    }
}
