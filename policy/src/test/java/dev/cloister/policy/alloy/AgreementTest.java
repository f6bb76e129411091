package dev.cloister.policy.alloy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.analysis.DomainVerdict;
import dev.cloister.policy.analysis.graph.EdgeClass;
import dev.cloister.policy.analysis.graph.EdgeSet;
import dev.cloister.policy.decision.Reason;
import dev.cloister.policy.language.PolicyLoader;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Alloy, given a policy's facts and the meaning of the language, comes to the verdicts of the decision core and the analyses. */
class AgreementTest {
    private static final int POLICIES = Integer.getInteger("cloister.alloy.policies", 200);
    private static final int PAIR_RELATIONS = 10;
    private static long verdicts;
    private static int compared;
    private static long nanos;

    private static final long FIRST = Long.getLong("cloister.alloy.seed", 1L);

    static LongStream seeds() {
        return LongStream.range(FIRST, FIRST + POLICIES);
    }

    static List<Path> examples() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("..", "examples"))) {
            return files.filter(file -> file.getFileName().toString().startsWith("policy.json"))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void onAGeneratedPolicy(long seed) {
        agree("seed " + seed, GeneratedPolicy.of(seed));
    }

    @ParameterizedTest
    @MethodSource("examples")
    void onAnExample(Path file) throws PolicyException {
        agree(file.toString(), PolicyLoader.parse(file));
    }

    @Test
    void thereAreExamples() throws IOException {
        assertThat(examples()).hasSizeGreaterThanOrEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void noOtherInstanceIsLeft(long seed) {
        assertThat(new AlloyVerdicts(GeneratedPolicy.of(seed)).ambiguous())
                .as("a second instance for seed %d", seed)
                .isFalse();
    }

    /** What a command finds is what the evaluator says, for each sort of question. */
    @ParameterizedTest
    @ValueSource(longs = {6, 7})
    void commandsSayTheSame(long seed) {
        Policy policy = GeneratedPolicy.of(seed);
        AlloyVerdicts alloy = new AlloyVerdicts(policy);
        Set<String> yes = new TreeSet<>();
        alloy.relation("grantedFlows").forEach(flow -> yes.add("granted_" + flow.replaceAll("\\W", "_")));
        ModelNames names = new ModelNames(policy);
        alloy.relation("{ a: Assertion | holds[a] }")
                .forEach(
                        index -> yes.add("holds_" + names.of(policy.assertions().get(Integer.parseInt(index)))));
        Map.of(
                        "noLeaks",
                        "leaks",
                        "noInterference",
                        "interferes",
                        "noResidual",
                        "residual",
                        "noMeeting",
                        "meetingPlaces")
                .forEach((command, relation) -> {
                    if (alloy.relation(relation).isEmpty()) {
                        yes.add(command);
                    }
                });
        alloy.relation("(Endpoint -> Endpoint) - iden - paths[definite, none]")
                .forEach(pair -> yes.add("apart_" + pair.replaceAll("\\W", "_")));

        assertThat(PolicyModel.of(policy).questions())
                .isNotEmpty()
                .allSatisfy(question -> assertThat(alloy.module()
                                .run(alloy.module().command(question.command()))
                                .satisfiable())
                        .as("seed %d: %s has a counterexample", seed, question)
                        .isEqualTo(!yes.contains(question.command())));
    }

    /** Compares every verdict. */
    private static void agree(String name, Policy policy) {
        long begin = System.nanoTime();
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
        // Every ordered pair is a verdict of each of the relations, and of the type gate for each kind.
        int pairs = policy.endpoints().size() * (policy.endpoints().size() - 1);
        verdicts += pairs * (PAIR_RELATIONS + FlowKind.values().length)
                + policy.flows().size() * 2
                + policy.assertions().size()
                + policy.domains().size()
                + policy.conflicts().size()
                + 2;
        compared++;
        nanos += System.nanoTime() - begin;
    }

    @AfterAll
    static void report() {
        System.out.println("Alloy and we agree on " + verdicts + " verdicts of " + compared + " policies; "
                + Duration.ofNanos(nanos).toMillis() + " ms");
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
        all.assertThat(own.domains(DomainVerdict.Verdict.UNSAFE))
                .as("%s: unsafe domains", name)
                .isEqualTo(alloy.relation("unsafe"));
        all.assertThat(own.domains(DomainVerdict.Verdict.AMBIGUOUS))
                .as("%s: ambiguous domains", name)
                .isEqualTo(alloy.relation("ambiguous"));
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
