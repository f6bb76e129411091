package dev.cloister.it.differential;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Host;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Every form of instruction on the real processor and on the emulator. A fixed share by default; {@code -Ddifferential.forms=REGEX}
 * (searched in lines like {@code 0f.af imul Gv,Ev}), {@code -Ddifferential.cases=N} for each form, {@code -Ddifferential.seed=S};
 * {@code -Ddifferential.blocks=true} for the emulator's decoded blocks over its TLB instead of single steps;
 * {@code -Ddifferential.replay='code=…'} runs one case as a failure prints it.
 */
class DifferentialTest {
    private static final int CASES = 20;

    @BeforeAll
    static void needs() {
        Host.needsKvm();
    }

    @Test
    void theEmulatorDoesWhatTheProcessorDoes() throws Exception {
        Pattern forms = Pattern.compile(System.getProperty("differential.forms", ""));
        String replay = System.getProperty("differential.replay", "");
        boolean blocks = Boolean.getBoolean("differential.blocks");
        try (Campaign campaign = new Campaign(Long.getLong("differential.seed", 5), blocks)) {
            if (replay.isEmpty()) {
                campaign.run(forms, Integer.getInteger("differential.cases", CASES));
            } else {
                campaign.run(List.of(CaseText.parse(replay)));
            }
            System.out.println(campaign.progress());
            System.out.println(campaign.coverage().report());
            campaign.failures().forEach(System.out::println);
            assertThat(campaign.failures().size())
                    .as("forms that differ, each printed above as a case that can be run again")
                    .isZero();
        }
    }
}
