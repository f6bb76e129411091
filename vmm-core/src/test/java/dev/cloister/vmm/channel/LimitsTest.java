package dev.cloister.vmm.channel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.protocol.ChannelConfig;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a channel may carry in a period, and how often. */
class LimitsTest {
    private static final long SECOND = 1_000_000_000L;

    @Test
    void aRateLimitLetsItsBurstThroughThenItsRate() {
        RateLimit limit = new RateLimit(10, 3, 0);
        assertThat(List.of(limit.tryTake(0), limit.tryTake(0), limit.tryTake(0), limit.tryTake(0)))
                .containsExactly(true, true, true, false);
        assertThat(limit.tryTake(SECOND / 10 - 1)).isFalse();
        assertThat(limit.tryTake(SECOND / 10)).isTrue();
        assertThat(limit.takeHeld()).isEqualTo(2);
        assertThat(limit.takeHeld()).isZero();
        int passed = 0;
        for (long now = SECOND; now < 11 * SECOND; now += SECOND / 1000) {
            passed += limit.tryTake(now) ? 1 : 0;
        }
        assertThat(passed).isBetween(100, 103);
    }

    @Test
    void aQuotaBeginsAnewWithEachPeriodCountedFromTheLoad() {
        QuotaGate gate = new QuotaGate(new ChannelConfig.Quota(3, 1000, -500, 1), 0);
        assertThat(gate.left(0)).isEqualTo(2);
        assertThat(gate.tryTake(10)).isTrue();
        assertThat(gate.tryTake(499)).isTrue();
        assertThat(gate.tryTake(499)).isFalse();
        assertThat(gate.untilNext(499)).isEqualTo(1);
        assertThat(gate.left(500)).isEqualTo(3);
        gate.take(5, 600);
        assertThat(gate.left(1499)).isZero();
        assertThat(gate.left(1500)).isEqualTo(3);
        assertThat(new QuotaGate(ChannelConfig.Quota.NONE, 0).left(0)).isEqualTo(Long.MAX_VALUE);
    }
}
