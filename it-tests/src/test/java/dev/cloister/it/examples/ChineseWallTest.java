package dev.cloister.it.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Host;
import dev.cloister.it.harness.Running;
import dev.cloister.it.harness.Up;
import dev.cloister.policy.protocol.Snapshot;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The Chinese wall: who has read one bank's papers never gets the other's, also after the daemon has gone and come back. */
class ChineseWallTest {
    @BeforeAll
    static void needs() {
        Host.needsKvm();
    }

    @Test
    void theWallStandsAfterARestart() throws Exception {
        Cloister cloister = Cloister.fresh();
        try (Up up = Up.named(cloister, "chinese-wall", ExampleRun.policy("chinese-wall"))) {
            Running command = up.command();
            cloister.run("start", "red-bank").expect(0);
            assertThat(cloister.run("start", "blue-bank").code())
                    .as("the other bank, while one is in the reading room")
                    .isNotZero();
            command.awaitOut("analyst: red-papers 10 papers");
            up.until(snapshot -> ended(snapshot, "red-bank"), "the end of red-bank");
            cloister.run("start", "blue-bank").expect(0);
            command.awaitOut("colleague: blue-for-colleague 10 papers");
            assertThat(command.out()).doesNotContain("analyst: blue-papers");
            up.shutdown();
        }
        try (Up up = Up.named(cloister, "chinese-wall", ExampleRun.policy("chinese-wall"))) {
            cloister.run("start", "blue-bank").expect(0);
            up.command().awaitOut("colleague: blue-for-colleague 10 papers");
            up.until(snapshot -> ended(snapshot, "blue-bank"), "the end of blue-bank");
            assertThat(up.command().out()).doesNotContain("analyst: blue-papers");
            cloister.run("start", "oil-company").expect(0);
            up.command().awaitOut("analyst: oil-papers 10 papers");
            up.shutdown();
        }
        cloister.run("audit", "verify", "chinese-wall").expect(0);
        List<String> log = Files.readAllLines(cloister.auditLog("chinese-wall"));
        assertThat(log)
                .as("refused to the analyst before and after the restart")
                .filteredOn(line -> line.contains("\"event\":\"refusal\"") && line.contains("\"blue-papers\""))
                .hasSizeGreaterThanOrEqualTo(2);
    }

    @Test
    void onAFreshDayTheOtherBankMayBeFirst() throws Exception {
        Cloister cloister = Cloister.fresh();
        try (Up up = Up.named(cloister, "chinese-wall", ExampleRun.policy("chinese-wall"))) {
            cloister.run("start", "blue-bank").expect(0);
            up.command().awaitOut("analyst: blue-papers 10 papers");
            up.until(snapshot -> ended(snapshot, "blue-bank"), "the end of blue-bank");
            cloister.run("start", "red-bank").expect(0);
            up.until(snapshot -> ended(snapshot, "red-bank"), "the end of red-bank");
            assertThat(up.command().out()).doesNotContain("analyst: red-papers");
            up.shutdown();
        }
    }

    private static boolean ended(Snapshot snapshot, String domain) {
        return "exited".equals(Up.domain(snapshot, domain).state());
    }
}
