package dev.cloister.it.differential;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Host;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/**
 * Supervisor, segmented and 16-bit forms, and 64-bit and compatibility mode with paging, on the emulator and under QEMU's translator: the same test kernel and the same cases. A fixed share
 * by default; {@code -Dopinion.cases=N} for each form and mode, {@code -Dopinion.seed=S}, {@code -Dopinion.forms=REGEX}, {@code
 * -Dopinion.modes=REGEX}.
 */
class SystemOpinionTest {
    private static final int CASES = 6;

    private static final int LONG_CASES = 10;

    @Test
    void theEmulatorDoesWhatQemuDoes() throws Exception {
        compare(new NarrowSuite(), SystemImage::fill, CASES);
    }

    @Test
    void theEmulatorDoesWhatQemuDoesInLongMode() throws Exception {
        compare(new LongSuite(), LongImage::fill, LONG_CASES);
    }

    private static void compare(SystemSuite suite, Consumer<MemorySegment> kernel, int cases) throws Exception {
        String version = SystemTcg.version();
        Host.needs(!version.isEmpty(), "no qemu-system-x86_64 on the path: install QEMU's system emulator for x86");
        try (SystemTcg tcg = new SystemTcg(kernel)) {
            SystemCampaign campaign = new SystemCampaign(Long.getLong("opinion.seed", 5), suite, tcg);
            campaign.run(
                    System.getProperty("opinion.forms", ""),
                    System.getProperty("opinion.modes", ""),
                    Integer.getInteger("opinion.cases", cases));
            System.out.println("second opinion: " + version);
            System.out.println(campaign.report());
            assertThat(campaign.failures())
                    .as("cases that differ, printed above")
                    .isEmpty();
        }
    }
}
