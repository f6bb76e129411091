package dev.cloister.policy.partition;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HistogramTest {
    private static final double WIDTH = 1.126;

    @Test
    void quantilesAreNeverTooLowAndAtMostABucketTooHigh() {
        for (int seed = 0; seed < 50; seed++) {
            Random random = new Random(seed);
            Histogram histogram = new Histogram();
            long[] values = new long[1 + random.nextInt(500)];
            for (int i = 0; i < values.length; i++) {
                values[i] = random.nextLong(1L << (1 + random.nextInt(62)));
                histogram.add(values[i]);
            }
            Arrays.sort(values);
            for (double share : new double[] {0.01, 0.5, 0.99, 1}) {
                long exact = values[(int) Math.ceil(share * values.length) - 1];
                assertThat((double) histogram.quantile(share))
                        .as("seed %d, quantile %s", seed, share)
                        .isBetween((double) exact, exact * WIDTH + 1);
            }
            assertThat(histogram.max()).isEqualTo(values[values.length - 1]);
        }
    }

    @Test
    void anEmptyOneSaysZero() {
        assertThat(new Histogram().quantile(0.99)).isZero();
    }
}
