package dev.cloister.it.differential;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.it.harness.Host;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every form of instruction on the real processor and on the emulator. A fixed share by default; {@code -Ddifferential.forms=REGEX}
 * (searched in lines like {@code 0f.af imul Gv,Ev}), {@code -Ddifferential.cases=N} for each form, {@code -Ddifferential.seed=S};
 * {@code -Ddifferential.blocks=true} for the emulator's decoded blocks over its TLB instead of single steps;
 * {@code -Ddifferential.replay='code=…'} runs one case as a failure prints it. {@code -Ddifferential.minutes=M} goes on for as long,
 * round after round, with a line every half minute; {@code -Ddifferential.json=FILE} writes what became of each form
 * (of 32- and 16-bit code to FILE.32 and FILE.16).
 */
class DifferentialTest {
    private static final int CASES = 20;
    private static final int NARROW_CASES = 10;

    /** 64-bit code, on a vCPU. */
    @Test
    void theEmulatorDoesWhatTheProcessorDoes() throws Exception {
        Host.needsKvm();
        compare(64, CASES);
    }

    /** 32- and 16-bit code in segments of every kind, in a process: no KVM is needed. */
    @ParameterizedTest
    @ValueSource(ints = {32, 16})
    void theEmulatorDoesWhatTheProcessorDoesWithNarrowCode(int bits) throws Exception {
        Host.needs(NativeSide.runsNarrowCode(), "no local descriptor table for processes here (modify_ldt)");
        compare(bits, NARROW_CASES);
    }

    private static void compare(int bits, int cases) throws Exception {
        int only = Integer.getInteger("differential.bits", 0);
        assumeTrue(only == 0 || only == bits, "differential.bits asks for " + only);
        Pattern forms = Pattern.compile(System.getProperty("differential.forms", ""));
        String replay = System.getProperty("differential.replay", "");
        boolean blocks = Boolean.getBoolean("differential.blocks");
        try (Campaign campaign = new Campaign(Long.getLong("differential.seed", 5), blocks, bits)) {
            int each = Integer.getInteger("differential.cases", cases);
            long seconds = Math.round(60 * Double.parseDouble(System.getProperty("differential.minutes", "0")));
            if (!replay.isEmpty()) {
                campaign.run(List.of(CaseText.parse(replay)));
            } else if (seconds > 0) {
                campaign.run(forms, each, Duration.ofSeconds(seconds));
            } else {
                campaign.run(forms, each);
            }
            report(campaign, bits);
            campaign.failures().forEach(System.out::println);
            assertThat(campaign.failures().size())
                    .as("forms that differ, each printed above as a case that can be run again")
                    .isZero();
        }
    }

    private static void report(Campaign campaign, int bits) throws IOException {
        System.out.println(campaign.progress());
        System.out.println(campaign.coverage().report());
        System.out.println(campaign.coverage().table());
        String file = System.getProperty("differential.json", "");
        if (!file.isEmpty()) {
            Files.writeString(
                    Path.of(bits == 64 ? file : file + '.' + bits),
                    campaign.coverage().json());
        }
    }
}
