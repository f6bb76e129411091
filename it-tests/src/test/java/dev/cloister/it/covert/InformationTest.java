package dev.cloister.it.covert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** The estimator against channels whose capacity is known. */
class InformationTest {
    private static final int PAIRS = 2000;
    private static final long SEED = 5;

    @Test
    void whatArrivesWholeTellsAllBits() {
        int[] symbols = new Random(SEED).ints(PAIRS, 0, 8).toArray();
        assertThat(Information.bits(symbols, symbols)).isCloseTo(3, within(0.03));
    }

    @Test
    void whatHasNothingToDoWithItTellsNothing() {
        int[] symbols = new Random(SEED).ints(PAIRS, 0, 2).toArray();
        int[] seen = new Random(SEED + 1).ints(PAIRS, 0, 8).toArray();
        assertThat(Information.bits(symbols, seen)).isLessThan(0.01);
        assertThat(Information.bits(symbols, seen)).isLessThanOrEqualTo(Information.noise(symbols, seen, 100, SEED));
    }

    @Test
    void ofABitThatIsWrongInOneOfTenAboutHalfComesThrough() {
        Random random = new Random(SEED);
        int[] symbols = random.ints(PAIRS, 0, 2).toArray();
        int[] seen = symbols.clone();
        for (int i = 0; i < PAIRS; i++) {
            seen[i] ^= random.nextInt(10) == 0 ? 1 : 0;
        }
        // 1 - H(0.1)
        assertThat(Information.bits(symbols, seen)).isCloseTo(0.531, within(0.06));
        assertThat(Information.bits(symbols, seen)).isGreaterThan(Information.noise(symbols, seen, 100, SEED));
    }
}
