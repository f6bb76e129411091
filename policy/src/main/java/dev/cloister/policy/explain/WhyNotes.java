package dev.cloister.policy.explain;

import dev.cloister.policy.analysis.graph.EdgeSet;
import dev.cloister.policy.analysis.graph.FlowGraph;
import dev.cloister.policy.analysis.graph.FlowPath;
import dev.cloister.policy.model.Assertion;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Mediation;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.ResidualRisk;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** What is to be said about two endpoints beyond the flows that join them. */
final class WhyNotes {
    private final Policy policy;
    private final Endpoint from;
    private final Endpoint to;

    WhyNotes(Policy policy, Endpoint from, Endpoint to) {
        this.policy = policy;
        this.from = from;
        this.to = to;
    }

    /** Reverse edges: what the sender of a flow sees of its receiver. */
    List<String> induced() {
        List<String> notes = new ArrayList<>();
        for (Flow flow : policy.flowsOf(from)) {
            if (flow.from() == to && flow.to() == from && flow.kind().inducesReverseEdge()) {
                boolean allowed = Mediation.of(policy, from.index(), to.index()).allowed();
                String budget = flow.backChannel()
                        .map(b -> "at most " + b.bitsPerSecond() + " bits/s")
                        .orElse("no budget declared");
                notes.add("flow \"" + flow.name() + "\" (" + flow.position() + ") lets " + to.name()
                        + " see the credit of " + from.name() + ": " + (allowed ? "allowed by the labels" : budget));
            }
        }
        return notes;
    }

    /** Ways over other endpoints, shared resources, and assertions. */
    List<String> beyond(FlowGraph graph) {
        List<String> notes = new ArrayList<>();
        if (from != to) {
            path(graph).ifPresent(notes::add);
            shares(graph).ifPresent(notes::add);
        }
        for (Assertion assertion : policy.assertions()) {
            if (assertion.from().contains(from) && assertion.to().contains(to)) {
                notes.add(assertion(assertion));
            }
        }
        return notes;
    }

    /** The shortest way of two steps or more; one that passes no guard's mediation, if there is such a one. */
    private Optional<String> path(FlowGraph graph) {
        Optional<FlowPath> free = indirect(graph, EdgeSet.DEFINITE.unmediated());
        if (free.isPresent()) {
            return Optional.of("information may take this way, past every guard: " + free.get());
        }
        return indirect(graph, EdgeSet.DEFINITE)
                .map(way -> "information may take this way, through " + guards(way) + ": " + way);
    }

    private static Optional<FlowPath> indirect(FlowGraph graph, EdgeSet which, Endpoint from, Endpoint to) {
        return graph.shortestPath(which, from, to).filter(way -> way.edges().size() > 1);
    }

    private Optional<FlowPath> indirect(FlowGraph graph, EdgeSet which) {
        return indirect(graph, which, from, to);
    }

    private String guards(FlowPath way) {
        return way.nodes().stream()
                .filter(node -> policy.isGuard(node.index()))
                .map(node -> "guard " + node.name())
                .collect(Collectors.joining(", "));
    }

    private Optional<String> shares(FlowGraph graph) {
        Map<ResidualRisk.Share, Optional<ResidualRisk>> shares = graph.shares(from, to);
        if (shares.isEmpty()) {
            return Optional.empty();
        }
        String list = shares.entrySet().stream()
                .map(entry -> entry.getKey().jsonName()
                        + entry.getValue()
                                .map(risk -> " (accepted by " + risk.acceptedBy() + ", " + risk.position() + ")")
                                .orElse(" (accepted by nobody)"))
                .collect(Collectors.joining(", "));
        return Optional.of(from.name() + " and " + to.name() + " share: " + list);
    }

    private static String assertion(Assertion assertion) {
        String name = assertion.name().isEmpty() ? "an assertion" : "assertion \"" + assertion.name() + '"';
        String claim = switch (assertion.claim()) {
            case NEVER -> " says never";
            case UNLESS_VIA ->
                " says only through "
                        + assertion.via().stream().map(Endpoint::name).collect(Collectors.joining(", "));
            case MUST -> " says there must be a way";
        };
        String because = assertion.because().isEmpty() ? "" : ": " + assertion.because();
        return name + " (" + assertion.position() + ")" + claim + because;
    }
}
