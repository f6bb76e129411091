package dev.cloister.devices.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who waits as told never gets more than the rate and a tenth of a second's worth, and never much less. */
class TokenBucketTest {
    private static final long SECOND = 1_000_000_000L;

    private long now;

    @ParameterizedTest
    @ValueSource(longs = {1, 10, 1000, 1_000_000, 1_000_000_000_000L})
    void keepsTheRate(long rate) {
        SplittableRandom random = new SplittableRandom(rate);
        TokenBucket bucket = new TokenBucket(rate, () -> now);
        double used = 0;
        double largest = 0;
        for (int i = 0; i < 1000; i++) {
            long units = random.nextLong(Math.max(2, rate / 5));
            now += bucket.take(units);
            used += units;
            largest = Math.max(largest, units);
            double allowed = rate * (now / (double) SECOND) + Math.max(1, rate * 0.1) + largest;
            assertThat(used).as("rate %d step %d", rate, i).isLessThanOrEqualTo(allowed * 1.000001);
        }
        assertThat(used * 1.01 + largest + 1)
                .as("the rate is reached")
                .isGreaterThan(rate * (now / (double) SECOND) * 0.99);
    }

    @Test
    void noLimitNeverWaits() {
        TokenBucket bucket = new TokenBucket(0, () -> now);
        assertThat(bucket.take(Long.MAX_VALUE)).isZero();
        assertThat(bucket.take(Long.MAX_VALUE)).isZero();
    }
}
