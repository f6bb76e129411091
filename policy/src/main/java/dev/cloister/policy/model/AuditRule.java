package dev.cloister.policy.model;

import java.util.Optional;

/**
 * How the audit log is kept.
 *
 * @param onFull what is done when it can't take a record
 * @param rotation when it goes on in a new file; never if absent
 */
public record AuditRule(AuditFull onFull, Optional<Rotation> rotation) {
    /** Halt when full, one file. */
    public static final AuditRule DEFAULT = new AuditRule(AuditFull.HALT, Optional.empty());

    /**
     * When the log goes on in a new file.
     *
     * @param bytes longest file, in bytes; a record longer than that has a file of its own
     * @param keep how many rotated files are kept beside the current one, 0 for all
     */
    public record Rotation(long bytes, int keep) {
        /** Least for {@code bytes}. */
        public static final long MIN_BYTES = 65_536;
        /** Most for {@code bytes}. */
        public static final long MAX_BYTES = 1L << 40;
        /** Most for {@code keep}. */
        public static final int MAX_KEEP = 100_000;
    }
}
