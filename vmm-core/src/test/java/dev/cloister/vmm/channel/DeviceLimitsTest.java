package dev.cloister.vmm.channel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import org.junit.jupiter.api.Test;

/** What a flow allows a device: by its rate later, by its quota not at all. */
class DeviceLimitsTest {
    private static final long SECOND = 1_000_000_000L;

    private static DeviceLimits limits(long rate, long burst, ChannelConfig.Quota quota) {
        return new DeviceLimits(new ChannelConfig(
                0,
                "disk",
                FlowKind.DISK,
                Direction.OUT,
                "@disk",
                ChannelConfig.Window.NONE,
                new ChannelConfig.Limits(rate, burst, 0, quota),
                ChannelConfig.Sockets.NONE));
    }

    @Test
    void aTransferBeyondTheBurstPassesAndTheNextOneWaitsForIt() {
        DeviceLimits limits = limits(1000, 4000, ChannelConfig.Quota.NONE);
        assertThat(limits.take(3000)).isZero();
        assertThat(limits.take(1_001_000)).isZero();
        assertThat(limits.take(1)).isBetween(1L, 1000 * SECOND);
        assertThat(limits.take(1)).isPositive();
    }

    @Test
    void withoutARateNothingWaits() {
        DeviceLimits limits = limits(0, 0, ChannelConfig.Quota.NONE);
        for (int i = 0; i < 100; i++) {
            assertThat(limits.take(1L << 40)).isZero();
            assertThat(limits.admit(1L << 40)).isTrue();
        }
    }

    @Test
    void whatTheQuotaLeavesIsAdmittedWholeOrNot() {
        DeviceLimits limits = limits(0, 0, new ChannelConfig.Quota(100, 3600 * SECOND, System.nanoTime(), 40));
        assertThat(limits.admit(61)).isFalse();
        assertThat(limits.admit(50)).isTrue();
        assertThat(limits.admit(11)).isFalse();
        assertThat(limits.admit(10)).isTrue();
        assertThat(limits.admit(1)).isFalse();
    }
}
