package dev.cloister.policy.audit;

import java.util.Optional;

/**
 * What verifying a log found.
 *
 * @param head the end of the part that is whole
 * @param first number of the first record that is there; 1 unless rotation let older ones go
 * @param segments how many rotated segments were read before the current file
 * @param fault the first thing wrong, if anything is
 * @param repairable whether the fault is only an incomplete last line that nobody was told is durable
 */
public record AuditVerification(AuditHead head, long first, int segments, Optional<Fault> fault, boolean repairable) {
    /** Sorts of damage. */
    public enum Damage {
        /** A line is no record. */
        MALFORMED,
        /** A record's bytes don't have the hash that it or its successor states. */
        ALTERED,
        /** Records are missing between two others, or before the first. */
        REMOVED,
        /** A record stands before another that was written earlier, or twice. */
        REORDERED,
        /** The last line is incomplete: a crash, or a writer at work. */
        PARTIAL_TAIL,
        /** Whole records are missing at the end: the head file or the expected head knows of more. */
        TRUNCATED,
        /** The chain doesn't contain the expected head: another log, or rewritten. */
        OTHER_CHAIN
    }

    /**
     * The first fault.
     *
     * @param damage its sort
     * @param file name of the file that it is in
     * @param line 1-based line in that file
     * @param offset byte offset of that line's start in that file
     * @param message what is wrong, in words
     */
    public record Fault(Damage damage, String file, long line, long offset, String message) {
        @Override
        public String toString() {
            return file + ", line " + line + " (byte " + offset + "): " + message;
        }
    }

    /** Returns whether nothing is wrong. */
    public boolean whole() {
        return fault.isEmpty();
    }
}
