package dev.cloister.vmm.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is told at the end: exit codes, and what Linux knows of the process. */
class OutcomeTest {
    private static final long SECOND = 1_000_000_000L;

    @ParameterizedTest
    @CsvSource({
        "POWERED_OFF, 0, 0",
        "RESET, 0, 0",
        "STOPPED, 0, 0",
        "DEBUG_EXIT, 0, 1",
        "DEBUG_EXIT, 21, 43",
        "DEBUG_EXIT, 255, 255",
        "DEBUG_EXIT, -1, 255",
        "TIMEOUT, 9, 124",
        "GUEST_FAULT, 9, 70",
        "HOST_FAILURE, 9, 69"
    })
    void outcomesHaveTheDocumentedExitCodes(Outcome outcome, int value, int code) {
        assertThat(outcome.exitCode(value)).isEqualTo(code);
    }

    @Test
    void factsAboutThisProcessAddUp() {
        long now = System.nanoTime();
        long sinceStart = ProcessFacts.nanosSinceStart(now);
        assertThat(sinceStart).isBetween(1_000_000L, 3_600 * SECOND);
        Report.Memory none = ProcessFacts.memory(new long[0]);
        assertThat(none.guest()).isZero();
        assertThat(none.beyondGuest()).isEqualTo(none.resident()).isGreaterThan(1 << 20);
        Report.Memory all = ProcessFacts.memory(new long[] {0, -1});
        assertThat(all.beyondGuest()).isZero();
    }
}
