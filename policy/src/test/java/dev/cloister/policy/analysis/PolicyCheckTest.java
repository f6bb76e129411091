package dev.cloister.policy.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.language.Samples;
import dev.cloister.policy.model.Mediation;
import dev.cloister.policy.model.Policy;
import java.util.List;
import org.junit.jupiter.api.Test;

class PolicyCheckTest {
    @Test
    void reportsNotesAndPasses() throws Exception {
        PolicyCheck.Report report = PolicyCheck.check(Samples.parse(Samples.VALID));
        assertThat(report.passed()).as(report.findings().toString()).isTrue();
        assertThat(report.analyses()).isNotEmpty().allMatch(PolicyCheck.Result::passed);
        assertThat(ids(report)).contains("CLP030", "CLP024").doesNotContain("CLP020", "CLP090");
        assertThat(report.findings()).anyMatch(finding -> finding.message().contains("at most 8 bits/s"));
    }

    @Test
    void warnsOfARateThatNobodySees() throws Exception {
        String text = Samples.with("\"records\": 64}", "\"records\": 64, \"rate\": {\"perSecond\": 1, \"burst\": 1}}");
        assertThat(ids(PolicyCheck.check(Samples.parse(text)))).contains("CLP026");
    }

    @Test
    void warnsOfAMessageThatNeverPasses() throws Exception {
        String event = "\"kind\": \"event\", \"rate\": {\"perSecond\": 1000, \"burst\": 100}";
        for (String kind : List.of("datagram", "log")) {
            String limits =
                    "\"kind\": \"" + kind + "\", \"recordBytes\": 512, \"rate\": {\"perSecond\": 9, \"burst\": %d}";
            String small = Samples.with(event, limits.formatted(511));
            assertThat(ids(PolicyCheck.check(Samples.parse(small)))).contains("CLP072");
            String enough = Samples.with(event, limits.formatted(512));
            assertThat(ids(PolicyCheck.check(Samples.parse(enough)))).doesNotContain("CLP072", "CLP026", "CLP160");
        }
    }

    @Test
    void notesWhatIsUnused() throws Exception {
        String text = Samples.VALID
                .replace("[\"unclassified\", \"secret\"]", "[\"unclassified\", \"secret\", \"top\"]")
                .replace(
                        "{\"name\": \"orders\", \"from\": \"command\", \"to\": \"guard\"",
                        "{\"name\": \"orders\", \"from\": \"command\", \"to\": \"logger\"")
                .replace("\"capacity\": \"64K\"", "\"backChannel\": {\"bitsPerSecond\": 9}");
        assertThat(ids(PolicyCheck.check(Samples.parse(text)))).contains("CLP029", "CLP027", "CLP025");
    }

    @Test
    void aStreamThatAGuardMayAnswerNeedsNoBudget() throws Exception {
        // orders: command -> guard; the reverse, guard -> command, is dominated.
        Policy policy = Samples.parse(Samples.VALID);
        int[] ends = Samples.ends(policy, "guard", "command");
        assertThat(Mediation.of(policy, ends[0], ends[1])).isEqualTo(Mediation.DOMINATES);
        assertThat(Mediation.of(policy, ends[1], ends[0])).isEqualTo(Mediation.GUARD_ACCEPTS);
    }

    private static List<String> ids(PolicyCheck.Report report) {
        return report.findings().stream().map(problem -> problem.id().code()).toList();
    }
}
