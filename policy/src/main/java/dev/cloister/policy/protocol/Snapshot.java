package dev.cloister.policy.protocol;

import java.util.List;
import java.util.Map;

/**
 * The daemon's state at one moment, as {@code ps} and {@code watch} report it.
 *
 * @param policy name of the policy
 * @param policyDigest SHA-256 of the policy file, hexadecimal
 * @param policyEpoch which loading of a policy this is within the state directory, from 1; grows with each
 * @param pid process id of the daemon
 * @param uptimeMillis milliseconds since the daemon began
 * @param granting whether it still grants anything; false once the audit log failed or a shutdown began
 * @param auditRecords records in the audit log
 * @param auditHash hash of the newest record, hexadecimal
 * @param domains the domains in the policy's order
 * @param flows the flows in the policy's order
 * @param schedule the schedule as it is kept, alone; empty without one
 */
public record Snapshot(
        String policy,
        String policyDigest,
        long policyEpoch,
        long pid,
        long uptimeMillis,
        boolean granting,
        long auditRecords,
        String auditHash,
        List<DomainView> domains,
        List<FlowView> flows,
        List<ScheduleView> schedule) {
    /** Copies the lists. */
    public Snapshot {
        domains = List.copyOf(domains);
        flows = List.copyOf(flows);
        schedule = List.copyOf(schedule);
    }

    /**
     * A domain.
     *
     * @param name its name
     * @param id its UUID
     * @param label its label in readable form
     * @param state {@link DomainState#text()}
     * @param pid process id of its VMM, 0 if it never had one
     * @param engine {@link dev.cloister.policy.model.Engine#jsonName()}; the policy's until the VMM has chosen
     * @param exits exits to the VMM so far
     * @param exitsPerSecond rate over the last two reports
     * @param exitsByKind exits by kind
     * @param emulatedInstructions instructions that the emulator completed
     * @param uptimeMillis milliseconds since its process began, until it ended
     * @param startNanos nanoseconds from its process' start to its first instruction, 0 before that
     * @param refusals requests that were refused
     * @param violations violations that its VMM contained
     * @param restarts how often its restart rule has started it again
     * @param exitCode exit code, -1 while it has none
     * @param note why it is refused or how it ended; may be empty
     * @param verdicts what each gate said, where its start is refused; else empty
     * @param cid context id of its socket device; 0 if it has none
     * @param consoles who is attached to its serial line, in the order in which they came
     */
    public record DomainView(
            String name,
            String id,
            String label,
            String state,
            long pid,
            String engine,
            long exits,
            double exitsPerSecond,
            Map<String, Long> exitsByKind,
            long emulatedInstructions,
            long uptimeMillis,
            long startNanos,
            long refusals,
            long violations,
            long restarts,
            int exitCode,
            String note,
            List<GateView> verdicts,
            long cid,
            List<ConsoleView> consoles) {
        /** Copies the collections. */
        public DomainView {
            consoles = List.copyOf(consoles);
            exitsByKind = Map.copyOf(exitsByKind);
            verdicts = List.copyOf(verdicts);
        }
    }

    /**
     * Who is attached to a domain's serial line.
     *
     * @param client number of the attachment, as in the audit log
     * @param user the user, by the kernel's word
     * @param pid the process, by its own word; 0 if it said none
     * @param access {@code write} for who may type, else {@code read}
     */
    public record ConsoleView(long client, String user, long pid, String access) {}

    /**
     * What one gate said.
     *
     * @param gate {@link dev.cloister.policy.decision.Gate#jsonName()}
     * @param outcome {@link dev.cloister.policy.decision.Outcome#jsonName()}
     * @param reason in words
     * @param at file:line:column of the rule
     */
    public record GateView(String gate, String outcome, String reason, String at) {}

    /**
     * How much of its limits a flow has used.
     *
     * @param tokens tokens in its bucket at the last report; -1 without a rate
     * @param burst tokens of the full bucket; 0 without a rate
     * @param quota units that may pass in a period; 0 without a quota
     * @param quotaUsed units that have passed in the present period
     * @param quotaEndsMillis milliseconds until the period ends; 0 without a quota
     */
    public record LimitsView(long tokens, long burst, long quota, long quotaUsed, long quotaEndsMillis) {
        /** Neither rate nor quota. */
        public static final LimitsView NONE = new LimitsView(-1, 0, 0, 0, 0);
    }

    /**
     * A flow.
     *
     * @param name its name
     * @param from name of the sender
     * @param to name of the receiver
     * @param kind memory, event, stream or console
     * @param state {@code pending}, {@code opening}, {@code live}, {@code severed}, {@code revoked} or {@code refused}
     * @param openings how often its channel has been opened
     * @param units records, signals or bytes so far
     * @param unitsPerSecond rate over the last two reports
     * @param refused units held back or lost so far
     * @param reverse signals against the direction so far
     * @param limits how much of its limits it has used
     * @param note why it is not live; may be empty
     */
    public record FlowView(
            String name,
            String from,
            String to,
            String kind,
            String state,
            long openings,
            long units,
            double unitsPerSecond,
            long refused,
            long reverse,
            LimitsView limits,
            String note) {}
}
