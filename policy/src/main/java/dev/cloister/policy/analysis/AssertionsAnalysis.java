package dev.cloister.policy.analysis;

import dev.cloister.policy.analysis.graph.Closure;
import dev.cloister.policy.analysis.graph.Cut;
import dev.cloister.policy.analysis.graph.CutFinder;
import dev.cloister.policy.analysis.graph.EdgeFilter;
import dev.cloister.policy.analysis.graph.EdgeSet;
import dev.cloister.policy.analysis.graph.FlowGraph;
import dev.cloister.policy.analysis.graph.FlowPath;
import dev.cloister.policy.analysis.graph.Reach;
import dev.cloister.policy.model.Assertion;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Problem.Severity;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/** Assertions over the transitive closure: CLP080 to CLP083. */
final class AssertionsAnalysis implements Analysis {
    @Override
    public String id() {
        return "assertions";
    }

    @Override
    public String title() {
        return "assertions hold";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().assertions().size();
    }

    @Override
    public void run(AnalysisContext context, Findings findings) {
        for (Assertion assertion : context.policy().assertions()) {
            switch (assertion.claim()) {
                case NEVER -> never(context, assertion, findings);
                case UNLESS_VIA -> unlessVia(context, assertion, findings);
                case MUST -> must(context, assertion, findings);
            }
        }
    }

    /** Returns the edges that an assertion is about. */
    static EdgeSet edges(Assertion assertion) {
        if (assertion.claim() == Assertion.Claim.MUST) {
            return EdgeSet.DECLARED;
        }
        return assertion.strict() ? EdgeSet.STRICT : EdgeSet.DEFINITE;
    }

    private static void never(AnalysisContext context, Assertion assertion, Findings findings) {
        if (vacuous(assertion, assertion.from(), assertion.to(), findings)) {
            return;
        }
        long pairs = pairs(context.closure(edges(assertion)), assertion);
        if (pairs > 0 && !omitted(FindingId.NEVER_VIOLATED, assertion, findings)) {
            Optional<FlowPath> witness =
                    context.graph().shortestPath(edges(assertion), assertion.from(), assertion.to(), List.of());
            violated(context, FindingId.NEVER_VIOLATED, assertion, witness.orElseThrow(), pairs(pairs), findings);
        }
    }

    /** Counts a violation for which there is no more room. */
    private static boolean omitted(FindingId id, Assertion assertion, Findings findings) {
        boolean full = findings.full(id, Severity.ERROR);
        if (full) {
            findings.omit(id, Severity.ERROR, assertion.position(), 1);
        }
        return full;
    }

    private static String pairs(long pairs) {
        return pairs == 1 ? "" : "; " + pairs + " pairs in all";
    }

    private static long pairs(Closure closure, Assertion assertion) {
        BitSet to = FlowGraph.bits(assertion.to());
        long pairs = 0;
        for (Endpoint from : assertion.from()) {
            BitSet reached = closure.reached(from.index());
            reached.and(to);
            reached.clear(from.index());
            pairs += reached.cardinality();
        }
        return pairs;
    }

    private static void unlessVia(AnalysisContext context, Assertion assertion, Findings findings) {
        BitSet via = FlowGraph.bits(assertion.via());
        List<Endpoint> from = assertion.from().stream()
                .filter(endpoint -> !via.get(endpoint.index()))
                .toList();
        List<Endpoint> to = assertion.to().stream()
                .filter(endpoint -> !via.get(endpoint.index()))
                .toList();
        if (vacuous(assertion, from, to, findings)) {
            return;
        }
        if (pairs(context.closure(edges(assertion)), assertion) == 0) {
            findings.note(
                    FindingId.ASSERTION_VACUOUS,
                    assertion.position(),
                    name(assertion) + " holds because there is no path at all, not even via " + names(assertion.via()));
            return;
        }
        Optional<FlowPath> witness = context.graph().shortestPath(edges(assertion), from, to, assertion.via());
        if (witness.isPresent() && !omitted(FindingId.UNLESS_VIA_VIOLATED, assertion, findings)) {
            violated(context, FindingId.UNLESS_VIA_VIOLATED, assertion, witness.get(), "", findings);
        }
    }

    private static boolean vacuous(Assertion assertion, List<Endpoint> from, List<Endpoint> to, Findings findings) {
        boolean nothing = from.isEmpty() || to.isEmpty() || from.size() == 1 && from.equals(to);
        if (nothing) {
            findings.warning(
                    FindingId.ASSERTION_VACUOUS,
                    assertion.position(),
                    name(assertion) + " says nothing: no pair of different endpoints is left to look at",
                    "name other endpoints, or remove it");
        }
        return nothing;
    }

    private static void violated(
            AnalysisContext context,
            FindingId id,
            Assertion assertion,
            FlowPath witness,
            String count,
            Findings findings) {
        String message = name(assertion) + " is violated: " + witness + count + because(assertion);
        findings.add(
                id,
                Severity.ERROR,
                assertion.position(),
                message,
                advice(context, assertion, witness),
                Optional.of(witness));
    }

    /** Where the sides overlap no cut parts them all; then the witness's ends are parted. */
    private static String advice(AnalysisContext context, Assertion assertion, FlowPath witness) {
        boolean via = assertion.claim() == Assertion.Claim.UNLESS_VIA;
        BitSet avoid = FlowGraph.bits(assertion.via());
        BitSet from = FlowGraph.bits(assertion.from());
        BitSet to = FlowGraph.bits(assertion.to());
        from.andNot(avoid);
        to.andNot(avoid);
        boolean overlap = from.intersects(to);
        if (overlap) {
            from = FlowGraph.bits(List.of(witness.from()));
            to = FlowGraph.bits(List.of(witness.to()));
        }
        Cut cut = CutFinder.find(context.graph(), EdgeFilter.of(context.graph(), edges(assertion)), from, to, avoid);
        if (!cut.found()) {
            return "no removal of " + CutFinder.MOST + " flows or fewer is enough";
        }
        String scope = overlap ? " for this pair" : "";
        String guard = via ? ", or lead " + (cut.anyOne() ? "it" : "each") + " via " + names(assertion.via()) : "";
        return cut.advice() + scope + guard;
    }

    private static void must(AnalysisContext context, Assertion assertion, Findings findings) {
        if (vacuous(assertion, assertion.from(), assertion.to(), findings)) {
            return;
        }
        Closure closure = context.closure(EdgeSet.DECLARED);
        long unmet = 0;
        Optional<Unmet> first = Optional.empty();
        BitSet to = FlowGraph.bits(assertion.to());
        for (Endpoint from : assertion.from()) {
            BitSet missing = (BitSet) to.clone();
            missing.andNot(closure.reached(from.index()));
            missing.clear(from.index());
            unmet += missing.cardinality();
            if (first.isEmpty() && !missing.isEmpty()) {
                first = Optional.of(new Unmet(from, context.policy().endpoint(missing.nextSetBit(0))));
            }
        }
        if (first.isPresent()) {
            findings.error(
                    FindingId.MUST_UNMET,
                    assertion.position(),
                    name(assertion) + " is not met: no path of declared flows leads from "
                            + first.get().from().name() + " to "
                            + first.get().to().name() + pairs(unmet)
                            + because(assertion),
                    first.get().advice(context));
        }
    }

    /** A pair without the path that there must be. */
    private record Unmet(Endpoint from, Endpoint to) {
        /** A flow that a gate refuses is the likeliest cause; else the way is missing. */
        String advice(AnalysisContext context) {
            BitSet none = new BitSet();
            FlowGraph graph = context.graph();
            EdgeFilter filter = EdgeFilter.of(graph, EdgeSet.DECLARED);
            BitSet near = Reach.forward(graph, filter, FlowGraph.bits(List.of(from)), none);
            BitSet far = Reach.backward(graph, filter, FlowGraph.bits(List.of(to)), none);
            for (Flow flow : context.policy().flows()) {
                if (near.get(flow.from().index()) && far.get(flow.to().index())) {
                    return "flow \"" + flow.name() + "\" (" + flow.position()
                            + ") would make it, but a gate refuses it: see policy why "
                            + flow.from().name() + " " + flow.to().name();
                }
            }
            return "declare a flow that leads from " + from.name() + ", or what it reaches, to " + to.name()
                    + ", or to what reaches that";
        }
    }

    private static String name(Assertion assertion) {
        String claim = assertion.claim().jsonName();
        return assertion.name().isEmpty() ? claim : claim + " \"" + assertion.name() + "\"";
    }

    private static String because(Assertion assertion) {
        return assertion.because().isEmpty() ? "" : " (" + assertion.because() + ")";
    }

    private static String names(List<Endpoint> endpoints) {
        List<String> shown = endpoints.stream().limit(3).map(Endpoint::name).toList();
        return String.join(" or ", shown) + (endpoints.size() > 3 ? " or another" : "");
    }
}
