package dev.cloister.policy.model;

import java.util.List;
import java.util.Optional;

/**
 * What a policy consists of, resolved but not yet compiled. Every index in it must be the place in its list.
 *
 * @param header what the policy says once
 * @param lattice order of labels
 * @param types type enforcement
 * @param windows windows of time
 * @param conflicts conflict sets
 * @param domains domains
 * @param host host endpoints; their indexes follow those of the domains
 * @param guards guards
 * @param flows flows
 * @param claims what the author holds and accepts
 * @param fragments the fragments that were included
 * @param remarks notes and warnings that only the loader can make, because it resolves names away: tags that nothing uses,
 *     prohibitions that match nothing
 */
public record PolicyParts(
        Header header,
        Lattice lattice,
        TypeEnforcement types,
        List<Window> windows,
        List<ConflictSet> conflicts,
        List<Domain> domains,
        List<HostEndpoint> host,
        List<Guard> guards,
        List<Flow> flows,
        Claims claims,
        List<Fragment> fragments,
        List<Problem> remarks) {
    /** Copies the lists. */
    public PolicyParts {
        windows = List.copyOf(windows);
        conflicts = List.copyOf(conflicts);
        domains = List.copyOf(domains);
        host = List.copyOf(host);
        guards = List.copyOf(guards);
        flows = List.copyOf(flows);
        fragments = List.copyOf(fragments);
        remarks = List.copyOf(remarks);
    }

    /** Makes parts without remarks. */
    public PolicyParts(
            Header header,
            Lattice lattice,
            TypeEnforcement types,
            List<Window> windows,
            List<ConflictSet> conflicts,
            List<Domain> domains,
            List<HostEndpoint> host,
            List<Guard> guards,
            List<Flow> flows,
            Claims claims,
            List<Fragment> fragments) {
        this(header, lattice, types, windows, conflicts, domains, host, guards, flows, claims, fragments, List.of());
    }

    /**
     * What a policy says once, for all of it.
     *
     * @param file the file as the user named it
     * @param name the policy's name
     * @param description the author's words, may be empty
     * @param digest SHA-256 of the canonical form with all fragments, 64 lower-case hexadecimal digits
     * @param onDaemonLoss what happens to live channels when the daemon is gone
     * @param audit how the audit log is kept
     * @param confinement what must confine VMM processes
     * @param requestRate how fast each domain may ask for channels
     * @param position where the policy's object begins
     * @param flowsPosition where the list of flows begins
     */
    public record Header(
            String file,
            String name,
            String description,
            String digest,
            DaemonLoss onDaemonLoss,
            AuditRule audit,
            ConfinementRule confinement,
            Rate requestRate,
            SourcePosition position,
            SourcePosition flowsPosition) {}

    /**
     * What the author holds to be true, and accepts.
     *
     * @param assertions assertions on the transitive closure
     * @param residualRisks accepted risks
     * @param schedule the cyclic schedule, where there is one
     * @param capacity what the host has, where stated
     * @param covertLimit most bits per second that a pair may leak, where stated
     */
    public record Claims(
            List<Assertion> assertions,
            List<ResidualRisk> residualRisks,
            Optional<Schedule> schedule,
            Optional<Capacity> capacity,
            Optional<CovertLimit> covertLimit) {
        /** Nothing is held or accepted. */
        public static final Claims NONE =
                new Claims(List.of(), List.of(), Optional.empty(), Optional.empty(), Optional.empty());

        /** Copies the lists. */
        public Claims {
            assertions = List.copyOf(assertions);
            residualRisks = List.copyOf(residualRisks);
        }
    }
}
