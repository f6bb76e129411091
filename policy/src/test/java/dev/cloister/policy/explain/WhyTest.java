package dev.cloister.policy.explain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.decision.Gate;
import dev.cloister.policy.decision.Outcome;
import dev.cloister.policy.decision.Reason;
import dev.cloister.policy.language.Samples;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class WhyTest {
    @Test
    void explainsWhatIsAllowed() throws Exception {
        Why why = why("guard", "command", Optional.empty());
        assertThat(why.allowed()).isTrue();
        assertThat(why.answers()).extracting(a -> a.flow().orElseThrow().name()).containsExactly("checked", "bell");
        assertThat(why.text())
                .contains("guard -> command (event): granted, flow \"bell\"")
                .contains("  declared     yes  flow \"bell\" is declared  [p.json:2")
                .contains("  types        -    not restricted by this policy  [p.json:1:1]")
                .contains("note: flow \"orders\"");
        assertThat(why.json())
                .contains("\"allowed\":true")
                .contains("{\"gate\":\"timeWindow\",\"outcome\":\"unrestricted\"");
    }

    @Test
    void explainsWhatIsRefused() throws Exception {
        Why why = why("command", "sensor", Optional.of(FlowKind.MEMORY));
        assertThat(why.allowed()).isFalse();
        assertThat(why.text())
                .contains("command -> sensor (memory): refused by gate declared")
                .contains("no flow command -> sensor of that kind is declared")
                .contains("sensor (unclassified) does not dominate command (secret{ops}) and no guard mediates");
        assertThat(why.json()).contains("\"refusedBy\":\"declared\"").contains("\"kind\":\"memory\"");
        assertThat(why("command", "sensor", Optional.empty()).text()).contains("(any kind)");
    }

    @Test
    void namesTheGuardAndItsRule() throws Exception {
        Policy policy = Samples.parse(Samples.VALID);
        Verdict verdict = why("command", "guard", Optional.empty())
                .answers()
                .getFirst()
                .verdicts()
                .get(1);
        assertThat(verdict.gate()).isEqualTo(Gate.LABELS);
        assertThat(verdict.outcome()).isEqualTo(Outcome.PASS);
        assertThat(verdict.position()).isEqualTo(policy.guards().getFirst().position());
        assertThat(verdict.text()).isEqualTo("guard guard accepts up to secret{ops}, covering command (secret{ops})");
    }

    /** Every pair of the sample has an answer in words, with no reason left without any. */
    @Test
    void everyPairHasWords() throws Exception {
        Policy policy = Samples.parse(Samples.VALID);
        for (var from : policy.endpoints()) {
            for (var to : policy.endpoints()) {
                Why why = Why.explain(policy, from, to, Optional.empty());
                assertThat(why.answers())
                        .allSatisfy(answer -> assertThat(answer.verdicts())
                                .hasSize(Gate.values().length)
                                .allSatisfy(
                                        verdict -> assertThat(verdict.text()).isNotBlank()));
                assertThat(why.answers().getFirst().deciding().reason()).isNotEqualTo(Reason.UNRESTRICTED);
            }
        }
    }

    private static Why why(String from, String to, Optional<FlowKind> kind) throws Exception {
        Policy policy = Samples.parse(Samples.VALID);
        return Why.explain(
                policy, policy.endpoint(from).orElseThrow(), policy.endpoint(to).orElseThrow(), kind);
    }
}
