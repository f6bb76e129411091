package dev.cloister.cli.up;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FollowedRunsTest {
    private final FollowedRuns runs = new FollowedRuns();

    @Test
    void aRunIsToldOnceHoweverLongAnOldStateSaysThatItGoesOn() {
        // Followed before it began; its process is seen only after its end.
        assertThat(runs.take("a", 0, 0)).isTrue();
        assertThat(runs.mayHaveAnother("a", 100)).isTrue();
        assertThat(runs.take("a", 100, 0)).isFalse();
        assertThat(runs.mayHaveAnother("a", 100)).isFalse();
    }

    @Test
    void theNextRunIsTold() {
        assertThat(runs.take("a", 0, 0)).isTrue();
        assertThat(runs.take("a", 100, 0)).isFalse();
        assertThat(runs.mayHaveAnother("a", 101)).isTrue();
        assertThat(runs.take("a", 101, 1)).isTrue();
        assertThat(runs.mayHaveAnother("b", 101)).isTrue();
        assertThat(runs.take("b", 101, 0)).isTrue();
    }

    @Test
    void anotherDaemonCountsAnew() {
        assertThat(runs.take("a", 100, 0)).isTrue();
        assertThat(runs.take("a", 100, 0)).isFalse();
        runs.forget();
        assertThat(runs.mayHaveAnother("a", 100)).isTrue();
        assertThat(runs.take("a", 100, 0)).isTrue();
    }
}
