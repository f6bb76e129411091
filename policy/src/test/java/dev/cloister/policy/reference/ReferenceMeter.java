package dev.cloister.policy.reference;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Everything that was ever taken, and what that leaves: of a bucket that holds {@code burst} tokens and gains {@code perSecond} a
 * second, or of a quota. Recounted from the beginning each time, in integers of any size.
 */
final class ReferenceMeter {
    private static final BigInteger SECOND = BigInteger.valueOf(1_000_000_000);

    private record Taken(long nanos, long amount) {}

    private final List<Taken> taken = new ArrayList<>();

    /** Nanoseconds since the load. */
    void take(long nanos, long amount) {
        taken.add(new Taken(nanos, amount));
    }

    boolean bucketHas(Map<String, Object> rate, long tokens, long nanos) {
        BigInteger full = BigInteger.valueOf(Doc.number(rate, "burst")).multiply(SECOND);
        BigInteger level = full;
        long last = 0;
        for (Taken one : taken) {
            level = refilled(level, full, rate, last, one.nanos());
            level = level.subtract(BigInteger.valueOf(one.amount()).multiply(SECOND))
                    .max(BigInteger.ZERO);
            last = Math.max(last, one.nanos());
        }
        BigInteger wanted = BigInteger.valueOf(tokens).multiply(SECOND);
        return refilled(level, full, rate, last, nanos).compareTo(wanted) >= 0;
    }

    /** A clock that steps back credits nothing. */
    private static BigInteger refilled(
            BigInteger level, BigInteger full, Map<String, Object> rate, long last, long nanos) {
        BigInteger elapsed = BigInteger.valueOf(Math.max(0, nanos - last));
        return level.add(elapsed.multiply(BigInteger.valueOf(Doc.number(rate, "perSecond"))))
                .min(full);
    }

    /** Whether so many units more are within a quota, of which only the current period counts. */
    boolean quotaHas(long amount, long per, long units, long nanos) {
        long period = 0;
        BigInteger used = BigInteger.ZERO;
        for (Taken one : taken) {
            if (one.nanos() / per > period) {
                period = one.nanos() / per;
                used = BigInteger.ZERO;
            }
            used = used.add(BigInteger.valueOf(one.amount()));
        }
        BigInteger before = nanos / per > period ? BigInteger.ZERO : used;
        return before.add(BigInteger.valueOf(units)).compareTo(BigInteger.valueOf(amount)) <= 0;
    }
}
