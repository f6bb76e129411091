package dev.cloister.vmm.channel;

/** A token bucket over {@link System#nanoTime()}; counts what it holds back. Thread-safe, allocates nothing. */
final class RateLimit {
    private static final long SECOND = 1_000_000_000L;

    private final long nanosPerToken;
    private final long burstNanos;
    private long credit;
    private long last;
    private long held;

    /**
     * A full bucket.
     *
     * @param perSecond refill, at least 1
     * @param burst capacity, at least 1
     * @param now the time in nanoseconds
     */
    RateLimit(int perSecond, int burst, long now) {
        this.nanosPerToken = SECOND / perSecond;
        this.burstNanos = nanosPerToken * burst;
        this.credit = burstNanos;
        this.last = now;
    }

    /** Takes a token if there is one; otherwise counts the attempt. */
    synchronized boolean tryTake(long now) {
        credit = Math.min(burstNanos, credit + Math.max(0, now - last));
        last = now;
        if (credit < nanosPerToken) {
            held++;
            return false;
        }
        credit -= nanosPerToken;
        return true;
    }

    /** How many attempts were held back since this was last asked. */
    synchronized long takeHeld() {
        long result = held;
        held = 0;
        return result;
    }
}
