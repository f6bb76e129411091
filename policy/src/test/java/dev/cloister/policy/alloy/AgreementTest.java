package dev.cloister.policy.alloy;


import dev.cloister.policy.analysis.EdgeClass;
import dev.cloister.policy.analysis.EdgeSet;
import dev.cloister.policy.decision.Reason;
import dev.cloister.policy.model.Policy;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Alloy, given a policy's facts and the meaning of the language, comes to the verdicts of the decision core and the analyses. */
class AgreementTest {
    private static final int POLICIES = Integer.getInteger("cloister.alloy.policies", 200);
    private static final long FIRST = Long.getLong("cloister.alloy.seed", 1L);

    static LongStream seeds() {
        return LongStream.range(FIRST, FIRST + POLICIES);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void onAGeneratedPolicy(long seed) {
        agree("seed " + seed, GeneratedPolicy.of(seed));
    }

    /** Compares every verdict; returns how many there were. */
    static void agree(String name, Policy policy) {
        AlloyVerdicts alloy = new AlloyVerdicts(policy);
        OwnVerdicts own = new OwnVerdicts(policy);
        SoftAssertions all = new SoftAssertions();
        gates(name, alloy, own, all);
        graph(name, alloy, own, all);
        conflicts(name, alloy, own, all);
        all.assertThat(own.holding())
                .as("%s: assertions that hold", name)
                .isEqualTo(alloy.relation("{ a: Assertion | holds[a] }"));
        all.assertAll();
    }

    private static void gates(String name, AlloyVerdicts alloy, OwnVerdicts own, SoftAssertions all) {
        all.assertThat(own.granted()).as("%s: granted flows", name).isEqualTo(alloy.relation("grantedFlows"));
        all.assertThat(own.labels(Reason.DOMINATES))
                .as("%s: dominated pairs", name)
                .isEqualTo(alloy.relation("dominated - iden"));
        all.assertThat(own.labels(Reason.GUARD_ACCEPTS, Reason.GUARD_RELEASES))
                .as("%s: mediated pairs", name)
                .isEqualTo(alloy.relation("mediated - iden"));
        all.assertThat(own.types())
                .as("%s: kinds that types allow", name)
                .isEqualTo(alloy.relation("{ s: Endpoint, k: Kind, t: Endpoint - s | typeGate[s, t, k] }"));
    }

    private static void graph(String name, AlloyVerdicts alloy, OwnVerdicts own, SoftAssertions all) {
        reach(name, alloy, own, all, EdgeSet.DECLARED, "declared");
        reach(name, alloy, own, all, EdgeSet.DEFINITE, "definite");
        reach(name, alloy, own, all, EdgeSet.STRICT, "known");
        reach(name, alloy, own, all, EdgeSet.ALL, "known + undeclared");
        EdgeSet definite = EdgeSet.DEFINITE.unmediated();
        EdgeSet tolerated = EdgeSet.STRICT.unmediated();
        all.assertThat(own.against(definite)).as("%s: leaks", name).isEqualTo(alloy.relation("leaks"));
        all.assertThat(own.against(definite.with(EdgeClass.SHARED_UNDECLARED)))
                .as("%s: interference", name)
                .isEqualTo(alloy.relation("interferes"));
        all.assertThat(minus(own.against(tolerated), own.against(definite)))
                .as("%s: residual pairs", name)
                .isEqualTo(alloy.relation("residual"));
        all.assertThat(minus(own.against(EdgeSet.ALL.unmediated()), own.against(tolerated)))
                .as("%s: pairs through undeclared hardware", name)
                .isEqualTo(alloy.relation("throughHardware"));
    }

    private static void reach(
            String name, AlloyVerdicts alloy, OwnVerdicts own, SoftAssertions all, EdgeSet edges, String relation) {
        all.assertThat(own.reach(edges))
                .as("%s: reach over %s", name, relation)
                .isEqualTo(alloy.relation("paths[" + relation + ", none]"));
    }

    private static Set<String> minus(Set<String> all, Set<String> some) {
        Set<String> rest = new TreeSet<>(all);
        rest.removeAll(some);
        return rest;
    }

    private static void conflicts(String name, AlloyVerdicts alloy, OwnVerdicts own, SoftAssertions all) {
        all.assertThat(own.commonReach())
                .as("%s: historic sets of which parties meet", name)
                .isEqualTo(alloy.relation("meetingPlaces.Endpoint"));
        all.assertThat(own.historyRefusesSome())
                .as("%s: opening all flows, history refuses some", name)
                .isEqualTo(!alloy.relation("meetingPlaces").isEmpty());
        all.assertThat(own.someCanNotStart())
                .as("%s: starting all domains, some must wait", name)
                .isEqualTo(!alloy.relation("crowded").isEmpty());
        all.assertThat(own.neverTogether())
                .as("%s: flows that never live", name)
                .isEqualTo(alloy.relation("neverTogether"));
    }
}
