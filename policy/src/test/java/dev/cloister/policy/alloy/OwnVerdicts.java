package dev.cloister.policy.alloy;

import dev.cloister.policy.analysis.DomainVerdict;
import dev.cloister.policy.analysis.DomainVerdicts;
import dev.cloister.policy.analysis.PolicyCheck;
import dev.cloister.policy.analysis.graph.Closure;
import dev.cloister.policy.analysis.graph.EdgeSet;
import dev.cloister.policy.analysis.graph.FlowGraph;
import dev.cloister.policy.decision.DecisionCore;
import dev.cloister.policy.decision.Gate;
import dev.cloister.policy.decision.Measurements;
import dev.cloister.policy.decision.Outcome;
import dev.cloister.policy.decision.Reason;
import dev.cloister.policy.decision.Request;
import dev.cloister.policy.history.Contacts;
import dev.cloister.policy.history.History;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.SourcePosition;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the decision core and the analyses say of a policy, in the form of {@link AlloyVerdicts}. */
final class OwnVerdicts {
    private final Policy policy;
    private final FlowGraph graph;
    private final PolicyCheck.Report report;

    OwnVerdicts(Policy policy) {
        this.policy = policy;
        this.graph = FlowGraph.of(policy);
        this.report = PolicyCheck.check(policy);
    }

    private long open(Endpoint from, Endpoint to, FlowKind kind, int flow, History history) {
        return DecisionCore.evaluate(
                policy,
                history,
                new Request.Open(
                        from.index(),
                        to.index(),
                        kind,
                        flow,
                        Request.BY_DAEMON,
                        Measurements.asStated(policy),
                        -1L,
                        0));
    }

    private long open(Flow flow, History history) {
        return open(flow.from(), flow.to(), flow.kind(), flow.index(), history);
    }

    private static boolean passes(long packed, Gate... gates) {
        return Arrays.stream(gates)
                .allMatch(gate -> DecisionCore.reason(packed, gate).outcome() != Outcome.REFUSE);
    }

    /** Flows that no gate refuses but for what happened, for time or for images. */
    Set<String> granted() {
        History history = new History(policy, 0);
        return policy.flows().stream()
                .filter(flow -> passes(open(flow, history), Gate.DECLARED, Gate.LABELS, Gate.TYPES))
                .map(Flow::name)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private Set<String> pairs(BiPredicate<Endpoint, Endpoint> which) {
        Set<String> pairs = new TreeSet<>();
        for (Endpoint from : policy.endpoints()) {
            for (Endpoint to : policy.endpoints()) {
                if (from != to && which.test(from, to)) {
                    pairs.add(from.name() + ">" + to.name());
                }
            }
        }
        return pairs;
    }

    /** Pairs for which the label gate gives one of those reasons. */
    Set<String> labels(Reason... reasons) {
        History history = new History(policy, 0);
        Set<Reason> wanted = Set.of(reasons);
        return pairs((from, to) -> wanted.contains(
                DecisionCore.reason(open(from, to, FlowKind.EVENT, Request.ANY_FLOW, history), Gate.LABELS)));
    }

    /** Pairs and kinds that the type gate lets pass. */
    Set<String> types() {
        History history = new History(policy, 0);
        Set<String> allowed = new TreeSet<>();
        for (FlowKind kind : FlowKind.values()) {
            pairs((from, to) -> passes(open(from, to, kind, Request.ANY_FLOW, history), Gate.TYPES))
                    .forEach(pair -> allowed.add(pair.replace(">", ">" + PolicyFacts.kind(kind) + ">")));
        }
        return allowed;
    }

    /** Pairs that paths over those edges join. */
    Set<String> reach(EdgeSet edges) {
        Closure closure = graph.closure(edges);
        return pairs(closure::reaches);
    }

    /** Pairs that paths over those edges join against the order of labels. */
    Set<String> against(EdgeSet edges) {
        Closure closure = graph.closure(edges);
        return pairs((from, to) -> closure.reaches(from, to) && !to.label().dominates(from.label()));
    }

    /** Assertions of which the analyses find no violation. */
    Set<String> holding() {
        return policy.assertions().stream()
                .filter(claim -> !found(
                        claim.position(),
                        FindingId.NEVER_VIOLATED,
                        FindingId.UNLESS_VIA_VIOLATED,
                        FindingId.MUST_UNMET))
                .map(claim -> "" + claim.index())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Historic sets of which the analyses say that two parties can reach a common endpoint. */
    Set<String> commonReach() {
        return policy.conflicts().stream()
                .filter(set -> found(set.position(), FindingId.COMMON_REACH))
                .map(set -> set.name())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Flows that the analyses say never live, since their ends never run together. */
    Set<String> neverTogether() {
        return policy.flows().stream()
                .filter(flow -> found(flow.position(), FindingId.CONFLICT_NEVER_BOTH))
                .map(Flow::name)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Domains of that verdict. */
    Set<String> domains(DomainVerdict.Verdict verdict) {
        return DomainVerdicts.of(policy).stream()
                .filter(domain -> domain.verdict() == verdict)
                .map(domain -> domain.domain().name())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private boolean found(SourcePosition at, FindingId... ids) {
        return report.findings().stream()
                .anyMatch(problem -> Stream.of(ids).anyMatch(id -> id == problem.id())
                        && problem.line() == at.line()
                        && problem.column() == at.column());
    }

    /** Opens one granted flow after the other, and tells whether history had to refuse one. */
    boolean historyRefusesSome() {
        History history = new History(policy, 0);
        boolean refused = false;
        for (Flow flow : policy.flows()) {
            long packed = open(flow, history);
            if (passes(packed, Gate.DECLARED, Gate.LABELS, Gate.TYPES)) {
                if (passes(packed, Gate.CONFLICTS)) {
                    history.opened(flow.index(), Contacts.UNHEARD);
                } else {
                    refused = true;
                }
            }
        }
        return refused;
    }

    /** Starts one domain after the other, and tells whether one had to wait for another's end. */
    boolean someCanNotStart() {
        History history = new History(policy, 0);
        boolean refused = false;
        for (Domain domain : policy.domains()) {
            long packed = DecisionCore.evaluate(
                    policy, history, new Request.Start(domain.index(), Measurements.asStated(policy), -1L, 0));
            if (DecisionCore.granted(packed)) {
                history.started(domain.index());
            } else {
                refused = true;
            }
        }
        return refused;
    }
}
