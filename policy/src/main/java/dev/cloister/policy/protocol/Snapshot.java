package dev.cloister.policy.protocol;

import java.util.List;
import java.util.Map;

/**
 * The daemon's state at one moment, as {@code ps} and {@code watch} report it.
 *
 * @param policy name of the policy
 * @param policyDigest SHA-256 of the policy file, hexadecimal
 * @param pid process id of the daemon
 * @param uptimeMillis milliseconds since the daemon began
 * @param granting whether it still grants anything; false once the audit log failed or a shutdown began
 * @param auditRecords records in the audit log
 * @param auditHash hash of the newest record, hexadecimal
 * @param domains the domains in the policy's order
 * @param flows the flows in the policy's order
 */
public record Snapshot(
        String policy,
        String policyDigest,
        long pid,
        long uptimeMillis,
        boolean granting,
        long auditRecords,
        String auditHash,
        List<DomainView> domains,
        List<FlowView> flows) {
    /** Copies the lists. */
    public Snapshot {
        domains = List.copyOf(domains);
        flows = List.copyOf(flows);
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
     * @param exitCode exit code, -1 while it has none
     * @param note why it is refused or how it ended; may be empty
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
            int exitCode,
            String note) {
        /** Copies the map. */
        public DomainView {
            exitsByKind = Map.copyOf(exitsByKind);
        }
    }

    /**
     * A flow.
     *
     * @param name its name
     * @param from name of the sender
     * @param to name of the receiver
     * @param kind memory, event, stream or console
     * @param state {@code pending}, {@code live}, {@code severed} or {@code refused}
     * @param units records, signals or bytes so far
     * @param unitsPerSecond rate over the last two reports
     * @param refused units held back or lost so far
     * @param reverse signals against the direction so far
     */
    public record FlowView(
            String name,
            String from,
            String to,
            String kind,
            String state,
            long units,
            double unitsPerSecond,
            long refused,
            long reverse) {}
}
