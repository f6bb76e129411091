package dev.cloister.policy.analysis;

import dev.cloister.policy.analysis.graph.Closure;
import dev.cloister.policy.analysis.graph.Cut;
import dev.cloister.policy.analysis.graph.EdgeArrays;
import dev.cloister.policy.analysis.graph.EdgeClass;
import dev.cloister.policy.analysis.graph.EdgeSet;
import dev.cloister.policy.analysis.graph.FlowEdge;
import dev.cloister.policy.analysis.graph.FlowGraph;
import dev.cloister.policy.analysis.graph.FlowGraphBuilder;
import dev.cloister.policy.analysis.graph.FlowPath;
import dev.cloister.policy.analysis.graph.SharedResources;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Label;
import dev.cloister.policy.model.Problem.Severity;
import dev.cloister.policy.model.ResidualRisk;
import dev.cloister.policy.model.SourcePosition;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Intransitive noninterference: information moves against the labels only through a guard. Looked at are declared flows, the reverse
 * edges that they induce and shared resources, without the edges that only a guard makes legal. CLP090 to CLP094.
 *
 * <p>Every path against the labels has an edge against the labels; so findings are made for such edges, and say how many pairs of
 * endpoints each connects.
 */
final class NoninterferenceAnalysis implements Analysis {
    /** Ways that nothing bounds and nobody accepts. */
    static final EdgeSet DEFINITE = EdgeSet.DEFINITE.unmediated();

    /** Budgeted and accepted ways as well. */
    static final EdgeSet RESIDUAL = EdgeSet.STRICT.unmediated();

    @Override
    public String id() {
        return "noninterference";
    }

    @Override
    public String title() {
        return "intransitive noninterference";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.graph().arrays().count();
    }

    @Override
    public void run(AnalysisContext context, Findings findings) {
        for (EdgeClass edgeClass : EnumSet.of(EdgeClass.INDUCED_UNBUDGETED, EdgeClass.INDUCED_BUDGETED)) {
            reverseEdges(context, edgeClass, findings);
        }
        for (SharedResources resource : context.graph().shared()) {
            sharing(context, resource, findings);
        }
        for (ResidualRisk risk : context.policy().residualRisks()) {
            risk(context, risk, findings);
        }
    }

    /** Returns how bad it is that something is shared and nobody accepts it: who plans time on CPUs wants it closed. */
    static Severity undeclared(AnalysisContext context) {
        return context.policy().schedule().isPresent() ? Severity.ERROR : Severity.WARNING;
    }

    private static void reverseEdges(AnalysisContext context, EdgeClass edgeClass, Findings findings) {
        FlowGraph graph = context.graph();
        EdgeArrays edges = graph.arrays();
        boolean budgeted = edgeClass == EdgeClass.INDUCED_BUDGETED;
        FindingId id = budgeted ? FindingId.RESIDUAL_PATH : FindingId.INTERFERENCE;
        Severity severity = budgeted ? Severity.NOTE : Severity.ERROR;
        for (int edge = 0; edge < edges.count(); edge++) {
            if (edges.edgeClass(edge) != edgeClass || !against(context, edge)) {
                continue;
            }
            FlowEdge found = graph.edge(edge);
            if (findings.full(id, severity)) {
                findings.omit(id, severity, found.position(), 1);
            } else if (budgeted) {
                budgeted(context, found, findings);
            } else {
                unbudgeted(context, found, findings);
            }
        }
    }

    private static void unbudgeted(AnalysisContext context, FlowEdge edge, Findings findings) {
        FlowPath path = new FlowPath(List.of(edge));
        findings.add(
                FindingId.INTERFERENCE,
                Severity.ERROR,
                edge.position(),
                "information may move against the labels without a guard: " + path + spread(context, edge, DEFINITE),
                advice(context, edge),
                Optional.of(path));
    }

    /** Of the edge alone CLP024 says enough. */
    private static void budgeted(AnalysisContext context, FlowEdge edge, Findings findings) {
        FlowPath path = new FlowPath(List.of(edge));
        String spread = spread(context, edge, RESIDUAL);
        if (!spread.isEmpty()) {
            findings.add(
                    FindingId.RESIDUAL_PATH,
                    Severity.NOTE,
                    edge.position(),
                    "a budgeted back channel leads against the labels: " + path + spread,
                    "",
                    Optional.of(path));
        }
    }

    /** Returns whether an edge goes against the labels and no guard makes it legal. */
    static boolean against(AnalysisContext context, int edge) {
        EdgeArrays edges = context.graph().arrays();
        Label from = context.policy().endpoint(edges.from(edge)).label();
        Label to = context.policy().endpoint(edges.to(edge)).label();
        return !edges.mediated(edge) && !to.dominates(from);
    }

    private static String advice(AnalysisContext context, FlowEdge edge) {
        Cut cut = context.graph().smallestCut(DEFINITE, List.of(edge.from()), List.of(edge.to()), List.of());
        return (cut.found() ? cut.advice() + ", " : "")
                + "declare \"backChannel\": {\"bitsPerSecond\": N}, use kind memory, or put a guard between";
    }

    /** Returns how many pairs an edge connects against the labels, with an example other than its own ends. */
    private static String spread(AnalysisContext context, FlowEdge edge, EdgeSet which) {
        Closure closure = context.closure(which);
        BitSet targets = closure.reached(edge.to().index());
        targets.set(edge.to().index());
        Map<Label, BitSet> forbidden = new HashMap<>();
        long pairs = 0;
        Optional<Endpoint> otherSource = Optional.empty();
        int otherTarget = -1;
        for (Endpoint source : context.policy().endpoints()) {
            if (source != edge.from() && !closure.reaches(source, edge.from())) {
                continue;
            }
            BitSet reached = forbidden.computeIfAbsent(source.label(), label -> {
                BitSet bits = (BitSet) targets.clone();
                bits.andNot(context.dominating(label));
                return bits;
            });
            pairs += reached.cardinality();
            int to = reached.length() - 1;
            if (to >= 0 && (source != edge.from() || to != edge.to().index())) {
                otherSource = Optional.of(source);
                otherTarget = to;
            }
        }
        if (otherSource.isEmpty()) {
            return "";
        }
        return "; with the flows before and behind it, it connects " + pairs + " pairs, such as "
                + context.show(otherSource.get()) + " and "
                + context.show(context.policy().endpoint(otherTarget));
    }

    private static void sharing(AnalysisContext context, SharedResources resource, Findings findings) {
        SharingPairs pairs = new SharingPairs(context.graph(), resource);
        Optional<FlowEdge> first = pairs.firstUndeclared();
        if (first.isEmpty()) {
            return;
        }
        long count = pairs.undeclared();
        SourcePosition at = context.policy()
                .schedule()
                .map(schedule -> schedule.position())
                .orElse(context.policy().position());
        findings.add(
                FindingId.SHARING_UNDECLARED,
                undeclared(context),
                at,
                "domains of different labels share " + words(resource.share()) + " and no residual risk says so: "
                        + context.show(first.get().from()) + " and "
                        + context.show(first.get().to())
                        + (count > 1 ? ", and " + (count - 1) + " more pairs" : ""),
                advice(resource.share()),
                Optional.of(new FlowPath(List.of(first.get()))));
    }

    private static String words(ResidualRisk.Share share) {
        return switch (share) {
            case CACHE -> "a processor cache";
            case CORE -> "a processor core";
            case MEMORY_BUS -> "the path to memory";
            case DISK -> "a disk";
        };
    }

    private static String advice(ResidualRisk.Share share) {
        String apart = switch (share) {
            case CACHE -> "run them on different hosts";
            case CORE -> "pin them to different CPUs";
            case MEMORY_BUS -> "schedule them at different times";
            case DISK -> "give them different disks";
        };
        return apart + ", or accept it in \"residualRisks\"";
    }

    private static void risk(AnalysisContext context, ResidualRisk risk, Findings findings) {
        if (FlowGraphBuilder.expired(risk, context.today())) {
            findings.warning(
                    FindingId.RESIDUAL_EXPIRED,
                    risk.position(),
                    "the residual risk accepted by " + risk.acceptedBy() + " was accepted until "
                            + risk.until().orElseThrow() + " only",
                    "accept it anew, or separate the domains");
            return;
        }
        for (SharedResources resource : context.graph().shared()) {
            if (risk.shares().contains(resource.share())) {
                risk(context, risk, resource, findings);
            }
        }
    }

    private static void risk(AnalysisContext context, ResidualRisk risk, SharedResources resource, Findings findings) {
        Optional<FlowEdge> first = new SharingPairs(context.graph(), resource).first(risk);
        if (first.isEmpty()) {
            findings.warning(
                    FindingId.RESIDUAL_UNUSED,
                    risk.position(),
                    "no two domains of different labels that this residual risk names share " + words(resource.share()),
                    "remove \"" + resource.share().jsonName() + "\" from it: what is accepted in advance goes unseen");
        } else {
            findings.add(
                    FindingId.RESIDUAL_PATH,
                    Severity.NOTE,
                    risk.position(),
                    risk.acceptedBy() + " accepts that domains share " + words(resource.share()) + ": "
                            + context.show(first.get().from()) + " and "
                            + context.show(first.get().to())
                            + (risk.bitsPerSecond() > 0 ? ", at most " + risk.bitsPerSecond() + " bits/s" : "")
                            + " (" + risk.reason() + ")",
                    "",
                    Optional.of(new FlowPath(List.of(first.get()))));
        }
    }
}
