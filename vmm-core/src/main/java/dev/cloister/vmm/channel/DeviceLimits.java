package dev.cloister.vmm.channel;

import dev.cloister.devices.virtio.TokenBucket;
import dev.cloister.policy.protocol.ChannelConfig;

/**
 * What a flow allows one direction of a device: a rate, which transfers wait for, and a quota, beyond which they fail. Monotonic
 * nanoseconds throughout. Any thread; allocates nothing.
 */
public final class DeviceLimits {
    private final TokenBucket rate;
    private final QuotaGate quota;

    /**
     * Full limits.
     *
     * @param channel where they are stated
     */
    public DeviceLimits(ChannelConfig channel) {
        ChannelConfig.Limits limits = channel.limits();
        rate = new TokenBucket(limits.ratePerSecond(), limits.rateBurst(), System::nanoTime);
        quota = new QuotaGate(limits.quota(), System.nanoTime());
    }

    /**
     * Takes what a transfer costs of the rate. One that is larger than what is there passes on credit, and those after it wait until
     * the credit is paid.
     *
     * @param bytes its size
     * @return nanoseconds to wait before it is made
     */
    public long take(long bytes) {
        return rate.take(bytes);
    }

    /**
     * Takes what a transfer costs of the quota, if that is there.
     *
     * @param bytes its size
     * @return false if it isn't: then the transfer must not be made
     */
    public synchronized boolean admit(long bytes) {
        long now = System.nanoTime();
        if (quota.left(now) < bytes) {
            return false;
        }
        quota.take(bytes, now);
        return true;
    }
}
