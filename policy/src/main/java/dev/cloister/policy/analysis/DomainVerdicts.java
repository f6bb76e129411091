package dev.cloister.policy.analysis;

import dev.cloister.policy.analysis.graph.Closure;
import dev.cloister.policy.analysis.graph.EdgeClass;
import dev.cloister.policy.analysis.graph.EdgeSet;
import dev.cloister.policy.analysis.graph.FlowGraph;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Policy;
import java.time.LocalDate;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/** Verdicts on the domains of a policy, from three closures: definite ways, bounded and accepted ones, all. */
public final class DomainVerdicts {
    private static final EdgeSet DEFINITE_SHARED = NoninterferenceAnalysis.DEFINITE.with(EdgeClass.SHARED_UNDECLARED);

    /** Why a domain is ambiguous that nothing but sharing connects that no residual risk names. */
    static final String HARDWARE = "undeclared shared hardware";

    private final Against definite;
    private final Against residual;
    private final Against all;

    /** Who leaks, and who receives, against the labels over some set of edges. */
    private record Against(BitSet leaks, BitSet receives) {
        boolean has(int endpoint) {
            return leaks.get(endpoint) || receives.get(endpoint);
        }
    }

    private DomainVerdicts(AnalysisContext context) {
        boolean scheduled = context.policy().schedule().isPresent();
        definite = against(context, scheduled ? DEFINITE_SHARED : NoninterferenceAnalysis.DEFINITE);
        residual = against(context, NoninterferenceAnalysis.RESIDUAL);
        all = against(context, EdgeSet.ALL.unmediated());
    }

    private static Against against(AnalysisContext context, EdgeSet which) {
        Closure closure = context.closure(which);
        BitSet leaks = new BitSet();
        BitSet receives = new BitSet();
        context.policy().endpoints().forEach(endpoint -> {
            BitSet reached = closure.reached(endpoint.index());
            reached.andNot(context.dominating(endpoint.label()));
            if (!reached.isEmpty()) {
                leaks.set(endpoint.index());
                receives.or(reached);
            }
        });
        return new Against(leaks, receives);
    }

    /** Returns the verdict on each domain, in the policy's order; residual risks are held to be in force. */
    public static List<DomainVerdict> of(Policy policy) {
        return of(policy, Optional.empty());
    }

    /** Returns the verdict on each domain as of a day, in the policy's order; see {@link FlowGraph#of(Policy, Optional)}. */
    public static List<DomainVerdict> of(Policy policy, Optional<LocalDate> today) {
        return of(new AnalysisContext(policy, today));
    }

    static List<DomainVerdict> of(AnalysisContext context) {
        DomainVerdicts verdicts = new DomainVerdicts(context);
        return context.policy().domains().stream().map(verdicts::verdict).toList();
    }

    private DomainVerdict verdict(Domain domain) {
        int index = domain.index();
        if (definite.has(index)) {
            return verdict(domain, DomainVerdict.Verdict.UNSAFE, definite, "ways without bound or acceptance");
        }
        if (residual.has(index)) {
            return verdict(domain, DomainVerdict.Verdict.AMBIGUOUS, residual, "budgeted or accepted ways");
        }
        if (all.has(index)) {
            return verdict(domain, DomainVerdict.Verdict.AMBIGUOUS, all, HARDWARE);
        }
        return verdict(domain, DomainVerdict.Verdict.SAFE, all, "");
    }

    private static DomainVerdict verdict(Domain domain, DomainVerdict.Verdict verdict, Against by, String because) {
        return new DomainVerdict(
                domain, verdict, by.leaks().get(domain.index()), by.receives().get(domain.index()), because);
    }
}
