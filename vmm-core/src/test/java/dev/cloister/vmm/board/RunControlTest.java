package dev.cloister.vmm.board;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.vmm.report.Outcome;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Pausing, resuming and ending vCPU threads. */
class RunControlTest {
    @Test
    void runControlParksReleasesAndEndsByTheFirstReason() throws Exception {
        List<String> kicks = new ArrayList<>();
        RunControl control = new RunControl(1, () -> kicks.add("kick"));
        assertThat(control.mayRun()).isFalse();
        assertThat(control.resume()).isTrue();
        assertThat(control.mayRun()).isTrue();
        Thread vcpu = Thread.ofPlatform().start(() -> {
            while (control.mayRun() || control.park()) {
                Thread.onSpinWait();
            }
            control.threadEnded();
        });
        assertThat(control.pause()).isTrue();
        assertThat(control.awaitThreads(10_000_000)).isFalse();
        assertThat(control.finish(new RunControl.End(Outcome.RESET, "first", 0, null)))
                .isTrue();
        assertThat(control.finish(new RunControl.End(Outcome.STOPPED, "second", 0, null)))
                .isFalse();
        assertThat(control.awaitThreads(0)).isTrue();
        assertThat(control.end().detail()).isEqualTo("first");
        assertThat(control.pause()).isFalse();
        assertThat(control.resume()).isFalse();
        assertThat(kicks).hasSize(3);
        vcpu.join();
    }
}
