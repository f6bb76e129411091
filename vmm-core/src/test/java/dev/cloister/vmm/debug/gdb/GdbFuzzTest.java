package dev.cloister.vmm.debug.gdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The fuzzer's target on a fixed share of inputs. */
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GdbFuzzTest {
    private static final int INPUTS = Integer.getInteger("fuzz.inputs", 1500);

    @Test
    void noPeerMakesTheStubFailOrChangeWhatItWasNotToldTo() {
        long seed = Long.getLong("fuzz.seed", 7);
        SplittableRandom random = new SplittableRandom(seed);
        int[] answered = new int[1];
        for (int i = 0; i < INPUTS; i++) {
            byte[] input = new byte[40 + random.nextInt(400)];
            random.nextBytes(input);
            assertThatCode(() -> answered[0] += GdbFuzz.play(input))
                    .as("seed %d, input %d", seed, i)
                    .doesNotThrowAnyException();
        }
        assertThat(answered[0]).as("packets that were answered").isGreaterThan(3 * INPUTS);
    }
}
