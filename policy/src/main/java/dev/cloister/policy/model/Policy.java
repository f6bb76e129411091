package dev.cloister.policy.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * A compiled policy: immutable, with dense numbers for endpoints and flows. Made by the loader of the language package. Safe for
 * any number of threads; the lookups by number allocate nothing.
 */
public final class Policy {
    /** What {@link #findFlow} returns when nothing is declared. */
    public static final int NO_FLOW = -1;

    private final PolicyParts parts;
    private final PolicyParts.Header header;
    private final List<Endpoint> endpoints;
    private final Endpoint[] endpointAt;
    private final Flow[] flowAt;
    private final Guard[] guardOf;
    private final FlowTable table;
    private final int[][] partyOf;
    private final Map<String, Endpoint> byName = new HashMap<>();
    private final Map<UUID, Domain> byId = new HashMap<>();
    private final Map<String, Flow> flowByName = new HashMap<>();

    /** Compiles a policy from parts whose references have been checked. */
    public Policy(PolicyParts parts) {
        this.parts = parts;
        this.header = parts.header();
        List<Endpoint> all = new ArrayList<>(parts.domains());
        all.addAll(parts.host());
        this.endpoints = List.copyOf(all);
        this.endpointAt = all.toArray(Endpoint[]::new);
        this.flowAt = parts.flows().toArray(Flow[]::new);
        this.guardOf = new Guard[all.size()];
        parts.guards().forEach(guard -> guardOf[guard.domain().index()] = guard);
        this.table = new FlowTable(parts.flows(), all.size());
        this.partyOf =
                parts.conflicts().stream().map(set -> parties(set, all.size())).toArray(int[][]::new);
        endpoints.forEach(endpoint -> byName.put(endpoint.name(), endpoint));
        parts.domains().forEach(domain -> byId.put(domain.id(), domain));
        parts.flows().forEach(flow -> flowByName.put(flow.name(), flow));
    }

    private static int[] parties(ConflictSet set, int endpoints) {
        int[] of = new int[endpoints];
        Arrays.fill(of, ConflictSet.NO_PARTY);
        set.parties().forEach(party -> party.members().forEach(member -> of[member.index()] = party.index()));
        return of;
    }

    /** Returns the file as the user named it. */
    public String file() {
        return header.file();
    }

    /** Returns the policy's name. */
    public String name() {
        return header.name();
    }

    /** Returns the author's description, may be empty. */
    public String description() {
        return header.description();
    }

    /** Returns the SHA-256 of the canonical form with all fragments, 64 lower-case hexadecimal digits. */
    public String digest() {
        return header.digest();
    }

    /** Returns what happens to live channels when the daemon is gone. */
    public DaemonLoss onDaemonLoss() {
        return header.onDaemonLoss();
    }

    /** Returns what happens when the audit log can't take a record. */
    public AuditFull onAuditFull() {
        return header.audit().onFull();
    }

    /** Returns how the audit log is kept. */
    public AuditRule audit() {
        return header.audit();
    }

    /** Returns what must confine VMM processes. */
    public ConfinementRule confinement() {
        return header.confinement();
    }

    /** Returns how fast each domain may ask for channels. */
    public Rate requestRate() {
        return header.requestRate();
    }

    /** Returns where the policy's object begins. */
    public SourcePosition position() {
        return header.position();
    }

    /** Returns where the list of flows begins: the rule behind "not declared". */
    public SourcePosition flowsPosition() {
        return header.flowsPosition();
    }

    /** Returns the lattice. */
    public Lattice lattice() {
        return parts.lattice();
    }

    /** Returns the type rules. */
    public TypeEnforcement types() {
        return parts.types();
    }

    /** Returns the windows of time; a window's index is its place in this list. */
    public List<Window> windows() {
        return parts.windows();
    }

    /** Returns the conflict sets; a set's index is its place in this list. */
    public List<ConflictSet> conflicts() {
        return parts.conflicts();
    }

    /**
     * Returns the index of an endpoint's party in a conflict set, or {@link ConflictSet#NO_PARTY}.
     *
     * @param set the set's index
     * @param endpoint the endpoint's index
     */
    public int party(int set, int endpoint) {
        return partyOf[set][endpoint];
    }

    /** Returns the assertions; an assertion's index is its place in this list. */
    public List<Assertion> assertions() {
        return parts.claims().assertions();
    }

    /** Returns the accepted risks. */
    public List<ResidualRisk> residualRisks() {
        return parts.claims().residualRisks();
    }

    /** Returns the cyclic schedule, where there is one. */
    public Optional<Schedule> schedule() {
        return parts.claims().schedule();
    }

    /** Returns what the host has for domains, where stated. */
    public Optional<Capacity> capacity() {
        return parts.claims().capacity();
    }

    /** Returns the most that any pair may leak against the labels, where stated. */
    public Optional<CovertLimit> covertLimit() {
        return parts.claims().covertLimit();
    }

    /** Returns the fragments that were included. */
    public List<Fragment> fragments() {
        return parts.fragments();
    }

    /** Returns the notes and warnings that only the loader could make. */
    public List<Problem> remarks() {
        return parts.remarks();
    }

    /** Returns the domains; a domain's index is its place in this list. */
    public List<Domain> domains() {
        return parts.domains();
    }

    /** Returns all endpoints, domains first; an endpoint's index is its place in this list. */
    public List<Endpoint> endpoints() {
        return endpoints;
    }

    /** Returns the guards. */
    public List<Guard> guards() {
        return parts.guards();
    }

    /** Returns the flows; a flow's index is its place in this list. */
    public List<Flow> flows() {
        return parts.flows();
    }

    /** Returns the endpoint with that index. */
    public Endpoint endpoint(int index) {
        return endpointAt[index];
    }

    /** Returns the flow with that index. */
    public Flow flow(int index) {
        return flowAt[index];
    }

    /** Returns whether the endpoint is a declared guard. */
    public boolean isGuard(int endpoint) {
        return guardOf[endpoint] != null;
    }

    /**
     * Returns the guard declaration of an endpoint.
     *
     * @throws IllegalArgumentException if it isn't a guard
     */
    public Guard guard(int endpoint) {
        Guard guard = guardOf[endpoint];
        if (guard == null) {
            throw new IllegalArgumentException(endpoints.get(endpoint).name() + " is not a declared guard");
        }
        return guard;
    }

    /**
     * Returns the quota of the guard that alone makes a flow legal by releasing it, where there is such a guard and it has a quota.
     * Allocates nothing.
     */
    public Optional<Quota> releaseQuota(Flow flow) {
        int from = flow.from().index();
        boolean released = Mediation.of(this, from, flow.to().index()) == Mediation.GUARD_RELEASES;
        return released ? guard(from).quota() : Optional.empty();
    }

    /** Returns the endpoint of that name: a domain's name, or one such as {@code @console}, {@code @disk:root}. */
    public Optional<Endpoint> endpoint(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    /** Returns the domain of that name. */
    public Optional<Domain> domain(String name) {
        return byName.get(name) instanceof Domain domain ? Optional.of(domain) : Optional.empty();
    }

    /** Returns the domain of that identity. */
    public Optional<Domain> domain(UUID id) {
        return Optional.ofNullable(byId.get(id));
    }

    /** Returns the flow of that name. */
    public Optional<Flow> flow(String name) {
        return Optional.ofNullable(flowByName.get(name));
    }

    /**
     * Returns the index of the first declared flow of a kind from one endpoint to another, or {@link #NO_FLOW}.
     *
     * @param from the sender's index
     * @param to the receiver's index
     * @param kind the kind
     */
    public int findFlow(int from, int to, FlowKind kind) {
        return table.find(from, to, kind);
    }

    /** Returns the flows that the endpoint sends or receives, in declared order: the order of its directory page. */
    public List<Flow> flowsOf(Endpoint endpoint) {
        return table.of(endpoint.index()).mapToObj(parts.flows()::get).toList();
    }

    /** Lookup from (from, to, kind) to the first flow, by open addressing over primitive arrays; and flows by endpoint. */
    private static final class FlowTable {
        private final long[] keys;
        private final int[] values;
        private final int[][] byEndpoint;

        FlowTable(List<Flow> flows, int endpoints) {
            int size = Math.max(16, Integer.highestOneBit(Math.max(1, flows.size())) << 2);
            keys = new long[size];
            values = new int[size];
            Arrays.fill(values, NO_FLOW);
            List<List<Integer>> lists = new ArrayList<>();
            for (int i = 0; i < endpoints; i++) {
                lists.add(new ArrayList<>());
            }
            for (Flow flow : flows) {
                put(key(flow.from().index(), flow.to().index(), flow.kind()), flow.index());
                lists.get(flow.from().index()).add(flow.index());
                lists.get(flow.to().index()).add(flow.index());
            }
            byEndpoint = lists.stream()
                    .map(list -> list.stream().mapToInt(Integer::intValue).toArray())
                    .toArray(int[][]::new);
        }

        java.util.stream.IntStream of(int endpoint) {
            return Arrays.stream(byEndpoint[endpoint]);
        }

        int find(int from, int to, FlowKind kind) {
            return values[slot(key(from, to, kind))];
        }

        private void put(long key, int flow) {
            int slot = slot(key);
            if (values[slot] == NO_FLOW) {
                keys[slot] = key;
                values[slot] = flow;
            }
        }

        private int slot(long key) {
            int mask = keys.length - 1;
            long mixed = key * 0x9E37_79B9_7F4A_7C15L;
            int slot = (int) (mixed >>> 32) & mask;
            while (values[slot] != NO_FLOW && keys[slot] != key) {
                slot = slot + 1 & mask;
            }
            return slot;
        }

        private static long key(int from, int to, FlowKind kind) {
            return (long) from << 34 | (long) to << 4 | kind.ordinal();
        }
    }
}
