package dev.cloister.policy.daemon.loop;

/**
 * Keeps one domain's floods out of the audit log without losing their count: a bucket of records that refills with time. What
 * finds it empty is counted and told with the next record that is written.
 */
public final class Throttle {
    /** Returned by {@link #admit} for an event that is only counted. */
    public static final long SUPPRESSED = -1;

    private static final long NANOS_PER_RECORD = 200_000_000;
    private static final int BURST = 20;

    private int available = BURST;
    private long refilledAt;
    private long suppressed;
    private boolean begun;

    /** Returns how many events were suppressed before this one, which is to be recorded, or {@link #SUPPRESSED}. */
    public long admit(long nowNanos) {
        refill(nowNanos);
        if (available == 0) {
            suppressed++;
            return SUPPRESSED;
        }
        available--;
        return takeSuppressed();
    }

    /** Counts an event that is not to be recorded singly. */
    public void count() {
        suppressed++;
    }

    /** Returns how many events are suppressed and not told yet. */
    public long suppressed() {
        return suppressed;
    }

    /** Returns the events suppressed since the last record, and forgets them. */
    public long takeSuppressed() {
        long count = suppressed;
        suppressed = 0;
        return count;
    }

    private void refill(long nowNanos) {
        if (!begun) {
            begun = true;
            refilledAt = nowNanos;
        }
        long records = (nowNanos - refilledAt) / NANOS_PER_RECORD;
        if (records > 0) {
            available = (int) Math.min(BURST, available + records);
            refilledAt += records * NANOS_PER_RECORD;
        }
    }
}
