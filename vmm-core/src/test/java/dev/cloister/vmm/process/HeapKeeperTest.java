package dev.cloister.vmm.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** A heap of numbers: what is used, what is garbage, and how often it is collected. */
class HeapKeeperTest {
    private static final long MIB = 1 << 20;

    private long used;
    private long garbage;
    private int collections;

    private final HeapKeeper keeper = new HeapKeeper(() -> used + garbage, () -> {
        garbage = 0;
        collections++;
    });

    @Test
    void aSmallHeapIsNeverCollected() {
        used = HeapKeeper.FLOOR;
        for (int n = 0; n < 100; n++) {
            keeper.look();
        }
        assertThat(collections).isZero();
    }

    @Test
    void garbageNeverExceedsAQuarterOfWhatIsUsedOrTheStepByMuch() {
        long seed = 20261121;
        SplittableRandom random = new SplittableRandom(seed);
        used = 60 * MIB;
        for (int n = 0; n < 10_000; n++) {
            garbage += random.nextLong(MIB);
            keeper.look();
            assertThat(garbage)
                    .as("seed %d, look %d", seed, n)
                    .isLessThanOrEqualTo(Math.max(HeapKeeper.STEP, used / 4) + MIB);
        }
        assertThat(collections).as("seed %d", seed).isBetween(100, 1_000);
    }

    @Test
    void whatIsReallyUsedIsCollectedFewTimesHoweverLargeItGrows() {
        for (used = 0; used < 1024 * MIB; used += MIB) {
            keeper.look();
        }
        assertThat(collections).isBetween(5, 20);
    }
}
