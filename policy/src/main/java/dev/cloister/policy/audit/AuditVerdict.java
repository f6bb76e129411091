package dev.cloister.policy.audit;

/**
 * One gate's verdict in a record.
 *
 * @param gate the gate's name
 * @param outcome pass, refuse, unrestricted or notApplicable
 * @param reason in words
 * @param at file:line:column of the rule
 */
public record AuditVerdict(String gate, String outcome, String reason, String at) {}
