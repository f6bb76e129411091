package dev.cloister.policy.explain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.decision.Decision;
import dev.cloister.policy.decision.Gate;
import dev.cloister.policy.decision.Reason;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.reference.CoreRunner;
import dev.cloister.policy.reference.Doc;
import dev.cloister.policy.reference.Event;
import dev.cloister.policy.reference.RandomScenarios;
import dev.cloister.policy.reference.Scenario;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The words for what the newer gates say name the rule, the parties and the numbers. */
class ExplanationTest {
    private static final Instant LOADED = Instant.parse("2026-11-20T07:00:00Z");
    private static final Pattern AT = Pattern.compile("(p\\.json|site\\.json):[0-9]+:[0-9]+");

    /** Whatever happens, every gate has words and a place in the policy. */
    @Test
    void everyReasonHasWordsAndAPosition() throws Exception {
        Random random = new Random(11);
        Set<Reason> seen = EnumSet.noneOf(Reason.class);
        for (int round = 0; round < 150; round++) {
            Scenario scenario = RandomScenarios.next(random, 60);
            Policy policy = scenario.load();
            Evaluation evaluation = new Evaluation(policy, scenario.loaded());
            for (Event event : scenario.events()) {
                Evaluation.Step step;
                try {
                    step = evaluation.line(
                            Doc.text(List.of(event.line())).strip().replaceAll("^\\[|\\]$", ""));
                } catch (EvaluationException _) {
                    continue;
                }
                for (Verdict verdict : step.verdicts()) {
                    seen.add(verdict.reason());
                    assertThat(verdict.text()).as("round %d %s", round, event).isNotBlank();
                    assertThat(verdict.position().toString())
                            .as("round %d %s", round, event)
                            .matches(AT);
                }
            }
        }
        assertThat(seen)
                .containsAll(Arrays.stream(Reason.values())
                        .filter(reason -> reason != Reason.DISK_NOT_MEASURED && reason != Reason.GUARD_QUOTA_EXCEEDED)
                        .toList());
    }

    /** The lines of an evaluation and the events of a scenario are the same thing. */
    @Test
    void linesDecideAsEventsDo() throws Exception {
        Random random = new Random(12);
        int decided = 0;
        for (int round = 0; round < 100; round++) {
            Scenario scenario = RandomScenarios.next(random, 60);
            Evaluation evaluation = new Evaluation(scenario.load(), scenario.loaded());
            CoreRunner core = new CoreRunner(scenario.load(), scenario.loaded(), 0);
            for (Event event : scenario.events()) {
                if (event instanceof Event.Contact || event instanceof Event.Pass pass && pass.nanos() < 0) {
                    continue;
                }
                Evaluation.Step step =
                        evaluation.line(Doc.text(List.of(event.line())).strip().replaceAll("^\\[|\\]$", ""));
                Map<String, String> expected = core.apply(event).reasons();
                assertThat(step.verdicts())
                        .as("round %d %s", round, event)
                        .hasSize(expected.size())
                        .allSatisfy(verdict -> assertThat(verdict.reason().name())
                                .isEqualTo(expected.get(verdict.gate().jsonName())));
                decided += expected.isEmpty() ? 0 : 1;
            }
        }
        assertThat(decided).isGreaterThan(2000);
    }

    @Test
    void namesTheSetThePartiesAndTheChain() throws Exception {
        Policy policy = policy(Map.of());
        Sequence sequence = new Sequence(policy, LOADED);
        open(sequence, "a", "b");
        open(sequence, "b", "c");
        assertThat(refused(sequence, "d", "c", Gate.CONFLICTS))
                .isEqualTo("conflict set \"rivals\": d holds information of party \"two\" (a member), and c holds "
                        + "information of party \"one\" (a -[a-b]-> b -[b-c]-> c; a is a member)");
    }

    @Test
    void namesWhereOpenChannelsWouldCarryItOn() throws Exception {
        Policy policy = policy(Map.of());
        Sequence sequence = new Sequence(policy, LOADED);
        open(sequence, "b", "c");
        open(sequence, "c", "e");
        sequence.history().restore(0, policy.domain("e").orElseThrow().index(), 1);
        assertThat(refused(sequence, "a", "b", Gate.CONFLICTS))
                .isEqualTo("conflict set \"rivals\": a holds information of party \"one\" (a member), which open "
                        + "channels would carry on, b -[b-c]-> c -[c-e]-> e, and e holds information of party \"two\" "
                        + "(known from the journal)");
    }

    @Test
    void namesTheDomainThatRuns() throws Exception {
        Policy policy = policy(Map.of());
        Sequence sequence = new Sequence(policy, LOADED);
        assertThat(sequence.start(policy.domain("b").orElseThrow()).granted()).isTrue();
        Verdict verdict =
                Explanation.of(sequence.start(policy.domain("c").orElseThrow())).verdict(Gate.CONFLICTS);
        assertThat(verdict.text())
                .isEqualTo("domain b of party \"left\" runs, and conflict set \"turns\" keeps party \"right\" from "
                        + "running beside it");
        assertThat(verdict.position()).isEqualTo(policy.conflicts().get(1).position());
        sequence.stop(policy.domain("b").orElseThrow());
        assertThat(sequence.start(policy.domain("c").orElseThrow()).granted()).isTrue();
    }

    @Test
    void tellsWhenAWindowOpensAndWhenAPeriodEnds() throws Exception {
        Policy policy = policy(Map.of(
                "when",
                "office",
                "quota",
                Doc.of("units", 10L, "per", "1h"),
                "rate",
                Doc.of("perSecond", 5L, "burst", 50L)));
        Evaluation evaluation = new Evaluation(policy, LOADED);
        String open = "{\"do\":\"open\",\"from\":\"a\",\"to\":\"b\",\"kind\":\"event\"}";
        assertThat(verdict(evaluation, open, Gate.TIME_WINDOW))
                .isEqualTo("outside its window (office); it opens at 2026-11-20T08:00:00Z");
        assertThat(verdict(
                        evaluation,
                        "{\"do\":\"open\",\"from\":\"a\",\"to\":\"b\",\"kind\":\"event\",\"after\":\"1h\"}",
                        Gate.TIME_WINDOW))
                .isEqualTo("within its window (office)");
        assertThat(verdict(evaluation, "{\"do\":\"use\",\"flow\":\"a-b\",\"units\":8,\"after\":\"15m\"}", Gate.RATE))
                .isEqualTo("within the flow's quota of 10 signals per 1h: 8 used; the next period begins in" + " 45m");
        assertThat(verdict(evaluation, "{\"do\":\"use\",\"flow\":\"a-b\",\"units\":3}", Gate.RATE))
                .isEqualTo("beyond the flow's quota of 10 signals per 1h: 8 used, 3 more asked for; the next period"
                        + " begins in 45m");
        assertThat(verdict(evaluation, "{\"do\":\"use\",\"flow\":\"a-b\",\"units\":51}", Gate.RATE))
                .isEqualTo("the flow's rate is used up: 5 per second, at most 50 at once");
    }

    private static String verdict(Evaluation evaluation, String line, Gate gate) throws Exception {
        return evaluation.line(line).verdicts().get(gate.ordinal()).text();
    }

    private static void open(Sequence sequence, String from, String to) {
        assertThat(ask(sequence, from, to).granted()).isTrue();
    }

    private static Decision ask(Sequence sequence, String from, String to) {
        Policy policy = sequence.policy();
        return sequence.open(
                policy.endpoint(from).orElseThrow(),
                policy.endpoint(to).orElseThrow(),
                FlowKind.EVENT,
                Optional.empty(),
                Optional.empty(),
                (_, _, _) -> {});
    }

    private static String refused(Sequence sequence, String from, String to, Gate gate) {
        Decision decision = ask(sequence, from, to);
        assertThat(decision.granted()).isFalse();
        return Explanation.of(decision).verdict(gate).text();
    }

    /** Five domains; flows a-b, b-c, c-e, d-c; the first with limits. */
    private static Policy policy(Map<String, Object> limits) throws Exception {
        List<Object> domains = new ArrayList<>();
        for (String name : List.of("a", "b", "c", "d", "e")) {
            String id = "00000000-0000-4000-8000-00000000000" + (domains.size() + 1);
            Object image = Doc.of("kernel", Doc.of("path", "k", "sha256", "ab".repeat(32)));
            domains.add(Doc.of("id", id, "name", name, "label", Doc.of("level", "l"), "memory", "1M", "image", image));
        }
        List<Object> flows = new ArrayList<>();
        for (String pair : List.of("a-b", "b-c", "c-e", "d-c")) {
            Map<String, Object> flow =
                    Doc.of("name", pair, "from", pair.substring(0, 1), "to", pair.substring(2), "kind", "event");
            if (flows.isEmpty()) {
                flow.putAll(limits);
            }
            flows.add(flow);
        }
        Object rivals =
                Doc.of("name", "rivals", "mode", "historic", "members", List.of(party("one", "a"), party("two", "d")));
        Object turns = Doc.of(
                "name", "turns", "mode", "concurrent", "members", List.of(party("left", "b"), party("right", "c")));
        Object office = Doc.of("name", "office", "zone", "UTC", "from", "08:00", "to", "18:00");
        Map<String, Object> policy = Doc.of(
                "version", 1, "name", "p", "lattice", Doc.of("levels", List.of("l")), "windows", List.of(office));
        policy.put("conflicts", List.of(rivals, turns));
        policy.put("domains", domains);
        policy.put("flows", flows);
        return new Scenario(policy, Map.of(), LOADED, List.of()).load();
    }

    private static Object party(String name, String domain) {
        return Doc.of("name", name, "domains", domain);
    }
}
