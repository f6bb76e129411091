package dev.cloister.devices.virtio;

import java.util.function.LongSupplier;

/**
 * A limit of so many units a second, over all who ask. What was saved up is worth a tenth of a second at most, unless something else is
 * said; a request larger than that is let through on credit, and those after it wait until the credit is paid. Any thread.
 */
public final class TokenBucket {
    private static final double NANOS = 1e9;
    private static final double BURST_SECONDS = 0.1;

    private final double perNano;
    private final double burst;
    private final LongSupplier nanoTime;
    private double tokens;
    private long last;

    /**
     * A limit, its bucket full.
     *
     * @param perSecond units each second, or 0 for no limit
     * @param nanoTime the clock: {@code System::nanoTime}
     */
    public TokenBucket(long perSecond, LongSupplier nanoTime) {
        this(perSecond, perSecond * BURST_SECONDS, nanoTime);
    }

    /**
     * A limit, its bucket full.
     *
     * @param perSecond units each second, or 0 for no limit
     * @param burst units that can be saved up; less than 1 is 1
     * @param nanoTime the clock: {@code System::nanoTime}
     */
    public TokenBucket(long perSecond, double burst, LongSupplier nanoTime) {
        this.perNano = perSecond / NANOS;
        this.burst = Math.max(1, burst);
        this.nanoTime = nanoTime;
        this.tokens = this.burst;
        this.last = nanoTime.getAsLong();
    }

    /**
     * Takes units.
     *
     * @param units how many, at least 0
     * @return nanoseconds to wait before using them
     */
    public synchronized long take(long units) {
        if (perNano == 0) {
            return 0;
        }
        long now = nanoTime.getAsLong();
        tokens = Math.min(burst, tokens + (now - last) * perNano);
        last = now;
        long wait = tokens >= 0 ? 0 : (long) Math.ceil(-tokens / perNano);
        tokens -= units;
        return wait;
    }
}
