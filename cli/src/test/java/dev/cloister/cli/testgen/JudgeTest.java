package dev.cloister.cli.testgen;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What the judge makes of what probes say, of what they don't say, and of what others say in their name. */
class JudgeTest {
    private static final Check START = check(1, Check.Deed.START, "a", "a", "a", "", true, "");
    private static final Check USE = check(2, Check.Deed.USE, "b", "a", "b", "f", true, "");
    private static final Check ASK = check(3, Check.Deed.ASK, "b", "b", "a", "", false, "no flow b -> a");

    private static final String GOOD = """
        a         * running
        a         | probe begin
        b         | probe begin
        a         | probe flow f out sent
        b         | probe flow f in received
        b         | probe ask 3 refused no flow b -> a
        a         | probe end
        """;

    private static Check check(
            int number,
            Check.Deed deed,
            String actor,
            String from,
            String to,
            String flow,
            boolean granted,
            String says) {
        return new Check(number, 0, deed, actor, from, to, "memory", flow, granted, granted ? "" : "declared", says);
    }

    private static List<Boolean> judged(String output, Check... checks) {
        Suite suite = new Suite(
                "p",
                "",
                Optional.empty(),
                List.of(new Suite.Batch("policy.json", List.of("a", "b"))),
                List.of(checks),
                new Suite.Coverage(2, 2, 1, 1, List.of()));
        return Judge.judge(suite, 0, output).stream().map(Judge.Finding::passed).toList();
    }

    @Test
    void whatIsAsExpectedPasses() {
        assertThat(judged(GOOD, START, USE, ASK)).containsExactly(true, true, true);
    }

    @Test
    void silencePassesNothing() {
        assertThat(judged("", START, USE, ASK)).containsExactly(false, false, false);
    }

    @Test
    void whatDidNotArriveFails() {
        assertThat(judged(GOOD.replace("received", "wrong"), USE)).containsExactly(false);
        assertThat(judged(GOOD.replace("received", "silent"), USE)).containsExactly(false);
    }

    @Test
    void aGrantThatShouldBeARefusalFails() {
        assertThat(judged(GOOD.replace("refused", "granted"), ASK)).containsExactly(false);
    }

    @Test
    void aRefusalForAnotherReasonFails() {
        assertThat(judged(GOOD.replace("no flow", "the flow's rate"), ASK)).containsExactly(false);
    }

    @Test
    void anAnswerToSomebodyElseCountsForNobody() {
        assertThat(judged(GOOD.replace("b         | probe ask", "a         | probe ask"), ASK))
                .containsExactly(false);
    }

    @Test
    void aProbeThatDidNotComeToItsEndFails() {
        assertThat(judged(GOOD.replace("probe end", ""), START)).containsExactly(false);
    }

    @Test
    void theLiveTableOfATerminalIsNoPartOfALine() {
        assertThat(judged(GOOD.replace("b         | probe ask", "\u001b[7A\u001b[Jb         | probe ask"), ASK))
                .containsExactly(true);
    }

    @Test
    void aFlowThatIsExpectedToBeRefusedMustNotMove() {
        Check refused = check(2, Check.Deed.USE, "b", "a", "b", "f", false, "");
        assertThat(judged(GOOD, refused)).containsExactly(false);
        assertThat(judged(GOOD.replace("sent", "severed").replace("received", "severed"), refused))
                .containsExactly(true);
    }
}
