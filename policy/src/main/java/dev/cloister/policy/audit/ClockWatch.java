package dev.cloister.policy.audit;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Notices that the wall clock moved against the monotonic one. For one thread. */
final class ClockWatch {
    /** What clock discipline (adjtimex(2)) may do between two records is far below. */
    private static final long TOLERANCE_NANOS = 1_000_000_000;

    private boolean begun;
    private long offset;

    /** Returns the event that tells of a jump since the last call, if there was one. */
    Optional<AuditEvent> between(Instant time, long mono) {
        long now = nanos(time) - mono;
        long moved = now - offset;
        boolean first = !begun;
        begun = true;
        if (!first && Math.abs(moved) <= TOLERANCE_NANOS) {
            // The reference stays, so that many small steps add up to one that is told.
            return Optional.empty();
        }
        offset = now;
        return first
                ? Optional.empty()
                : Optional.of(AuditEvent.of(AuditKind.CLOCK_JUMPED)
                        .withDetail("by", Duration.ofNanos(moved).toString()));
    }

    /** Returns nanoseconds since 1970, which fit until the year 2262. */
    static long nanos(Instant time) {
        return time.getEpochSecond() * 1_000_000_000 + time.getNano();
    }
}
