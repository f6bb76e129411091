package dev.cloister.policy.audit;

/** Hears of each record once it is durable, in order, one at a time. */
@FunctionalInterface
public interface AuditListener {
    /** Hears nothing. */
    AuditListener NONE = (_, _) -> {};

    /**
     * A record is durable. Called by whichever thread wrote the batch, before the {@code append} calls of that batch
     * return. Must be quick and must not call the log; what it throws is counted and otherwise ignored, since the record
     * stands.
     *
     * @param record the record
     * @param line its bytes in the log, with the newline; not to be changed
     */
    void appended(AuditRecord record, byte[] line);
}
