package dev.cloister.policy.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The fuzzer's target for lying peers on a fixed share of inputs. */
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PeerFuzzTest {
    private static final int INPUTS = Integer.getInteger("fuzz.inputs", 1000);

    @Test
    void noPeerMakesASideFailOrReadWhatWasNotSent() {
        long seed = Long.getLong("fuzz.seed", 7);
        SplittableRandom random = new SplittableRandom(seed);
        int[] read = new int[1];
        for (int i = 0; i < INPUTS; i++) {
            byte[] input = new byte[40 + random.nextInt(800)];
            random.nextBytes(input);
            assertThatCode(() -> read[0] += PeerFuzz.play(input))
                    .as("seed %d, input %d", seed, i)
                    .doesNotThrowAnyException();
        }
        assertThat(read[0]).as("bytes that arrived").isGreaterThan(100 * INPUTS);
    }

    @Test
    void whoEndsConnectionsThatNobodyReadsMayOpenOthers() throws Exception {
        assertThat(PeerFuzz.isAccusedWhoLeaves(3 * PeerLinks.MAX_CONNECTIONS)).isFalse();
    }
}
