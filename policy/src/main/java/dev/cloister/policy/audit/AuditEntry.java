package dev.cloister.policy.audit;

/**
 * A record with its bytes in the log.
 *
 * @param record what it says
 * @param line its canonical form with the newline; not to be changed
 */
public record AuditEntry(AuditRecord record, byte[] line) {}
