package dev.cloister.policy.audit;

/**
 * The end of a log's chain: whoever knows it can tell whether whole records were cut off.
 *
 * @param seq number of the last durable record, 0 for an empty log
 * @param hash its hash, {@link #GENESIS} for an empty log
 * @param bytes length of the log up to and with that record
 */
public record AuditHead(long seq, String hash, long bytes) {
    /** The hash before the first record. */
    public static final String GENESIS = "0".repeat(64);

    /** The head of an empty log. */
    public static final AuditHead EMPTY = new AuditHead(0, GENESIS, 0);
}
