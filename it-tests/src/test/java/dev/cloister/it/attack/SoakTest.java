package dev.cloister.it.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Host;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * A live installation under load with an operator at work, for half a minute, or for {@code -Dsoak.minutes=60}: descriptors, processes
 * and memory files are the same after each round, resident memory stays flat, and the log holds everything.
 */
class SoakTest {
    private static final Duration USUALLY = Duration.ofSeconds(30);

    @BeforeAll
    static void needs() {
        Host.needsKvm();
    }

    @Test
    void needsNoMoreAfterAnHourThanAfterAMinute() throws Exception {
        int minutes = Integer.getInteger("soak.minutes", 0);
        Duration time = minutes == 0 ? USUALLY : Duration.ofMinutes(minutes);
        Tally tally = new Tally(0, 1);
        Residence residence = new Residence();
        Census.adoptOrphans(true);
        try {
            new KillCampaign("sever", 1, tally).soak(time, residence);
        } finally {
            Census.adoptOrphans(false);
            System.out.println(tally);
        }
        assertThat(residence.tells()).as("enough rounds in " + time).isTrue();
        residence.assertFlat();
    }
}
