package dev.cloister.policy.daemon;

/** A counter that a VMM reports now and then, with its rate over the last two reports. Never goes back, whatever is reported. */
final class Meter {
    private static final double NANOS = 1e9;

    private long units;
    private long refused;
    private long reverse;
    private long atNanos;
    private double perSecond;
    private boolean begun;

    void report(long newUnits, long newRefused, long newReverse, long nowNanos) {
        long more = Math.max(0, newUnits - units);
        if (begun && nowNanos > atNanos) {
            perSecond = more * NANOS / (nowNanos - atNanos);
        }
        begun = true;
        atNanos = nowNanos;
        units += more;
        refused = Math.max(refused, newRefused);
        reverse = Math.max(reverse, newReverse);
    }

    void add(long count, long nowNanos) {
        if (!begun || nowNanos - atNanos > NANOS) {
            report(units + count, refused, reverse, nowNanos);
        } else {
            units += count;
        }
    }

    void stop() {
        perSecond = 0;
    }

    long units() {
        return units;
    }

    long refused() {
        return refused;
    }

    long reverse() {
        return reverse;
    }

    double perSecond() {
        return perSecond;
    }
}
