package dev.cloister.policy.audit;

import java.nio.charset.StandardCharsets;
import java.time.Instant;

/**
 * A record of the log.
 *
 * @param seq its number; the first record of a log has 1
 * @param time when it was made, by the host's clock
 * @param mono when it was made, by the clock that is never set (CLOCK_MONOTONIC, clock_gettime(2)): nanoseconds from a beginning that
 *     is the same until the host starts anew; {@link #UNKNOWN} in records of releases without it
 * @param event what it tells; a kind unknown to this release can't be represented, and reading it is an error
 * @param prev hash of the record before, 64 hexadecimal digits; zeros for the first
 * @param hash its own hash
 */
public record AuditRecord(long seq, Instant time, long mono, AuditEvent event, String prev, String hash) {
    /** No monotonic time is known. */
    public static final long UNKNOWN = Long.MIN_VALUE;

    /** Returns the record's line in the log, without its newline. */
    public String toJson() {
        return new String(AuditLine.seal(seq, time, mono, event, prev).line(), StandardCharsets.US_ASCII)
                .stripTrailing();
    }
}
