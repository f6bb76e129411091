package dev.cloister.policy.analysis;

import dev.cloister.policy.analysis.graph.EdgeArrays;
import dev.cloister.policy.analysis.graph.EdgeClass;
import dev.cloister.policy.analysis.graph.FlowEdge;
import dev.cloister.policy.analysis.graph.FlowGraph;
import dev.cloister.policy.analysis.graph.FlowPath;
import dev.cloister.policy.model.ConflictSet;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostResource;
import dev.cloister.policy.model.Policy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What the parties of a historic conflict set can reach: for every endpoint the nearest two different parties and the shortest
 * ways from them. One breadth-first search for all parties together, in which an endpoint is visited at most twice, so it takes
 * time linear in endpoints and flows however many parties there are.
 *
 * <p>What {@code @console} and {@code @audit} and the guards that sanitize the set reach is left out, as the history does.
 */
final class PartyReach {
    private static final int NONE = -1;

    /**
     * An endpoint that two parties reach.
     *
     * @param at the endpoint
     * @param one index of the nearer party
     * @param two index of the other
     * @param first how the nearer party gets there; empty where the endpoint is its own
     * @param second how the other gets there
     */
    record Meeting(Endpoint at, int one, int two, List<FlowEdge> first, List<FlowEdge> second) {
        /** Returns how many flows both ways take. */
        int length() {
            return first.size() + second.size();
        }

        /** Returns a number for the unordered pair of parties. */
        long pair() {
            return (long) Math.min(one, two) << 32 | Math.max(one, two);
        }

        /** Returns both ways as people read them. */
        String words() {
            String own = first.isEmpty() ? at.name() + " is of the party itself" : new FlowPath(first).toString();
            return own + ", and " + new FlowPath(second);
        }
    }

    private final FlowGraph graph;
    private final Policy policy;
    private final ConflictSet set;
    private final int[] party;
    private final int[] via;

    PartyReach(FlowGraph graph, ConflictSet set) {
        this.graph = graph;
        this.policy = graph.policy();
        this.set = set;
        int slots = policy.endpoints().size() * 2;
        this.party = new int[slots];
        this.via = new int[slots];
        Arrays.fill(party, NONE);
        Arrays.fill(via, NONE);
    }

    /** Returns whether no history is kept for an endpoint: what the host's own sinks learn stays there. */
    static boolean exempt(Endpoint endpoint) {
        return endpoint instanceof HostEndpoint host
                && (host.resource() == HostResource.CONSOLE || host.resource() == HostResource.AUDIT);
    }

    /** Returns the endpoints that two parties reach, except those that they only reach through another such endpoint. */
    List<Meeting> meetings() {
        search();
        List<Meeting> meetings = new ArrayList<>();
        for (Endpoint endpoint : policy.endpoints()) {
            int one = endpoint.index() * 2;
            if (party[one + 1] != NONE && !inherited(one)) {
                meetings.add(new Meeting(endpoint, party[one], party[one + 1], path(one), path(one + 1)));
            }
        }
        return meetings;
    }

    /** Both ways come over the same neighbour: then it is the neighbour's meeting. */
    private boolean inherited(int slot) {
        return via[slot] != NONE && via[slot + 1] != NONE && sender(slot) == sender(slot + 1);
    }

    private int sender(int slot) {
        return graph.arrays().from(via[slot]);
    }

    private void search() {
        ArrayDeque<Integer> queue = new ArrayDeque<>();
        for (ConflictSet.Party each : set.parties()) {
            for (Endpoint member : each.members()) {
                int slot = member.index() * 2;
                if (!passedOver(member.index()) && party[slot] == NONE) {
                    party[slot] = each.index();
                    queue.add(slot);
                }
            }
        }
        EdgeArrays edges = graph.arrays();
        while (!queue.isEmpty()) {
            int slot = queue.remove();
            int node = slot / 2;
            for (int edge = edges.firstOut(node); edge < edges.firstOut(node + 1); edge++) {
                if (edges.edgeClass(edge) == EdgeClass.DECLARED && !passedOver(edges.to(edge))) {
                    reach(edges.to(edge) * 2, party[slot], edge, queue);
                }
            }
        }
    }

    private void reach(int slot, int from, int edge, ArrayDeque<Integer> queue) {
        int free = party[slot] == NONE ? slot : slot + 1;
        if (party[slot] != from && party[free] == NONE) {
            party[free] = from;
            via[free] = edge;
            queue.add(free);
        }
    }

    private boolean passedOver(int endpoint) {
        return passedOver(policy, set, endpoint);
    }

    /** Returns whether an endpoint is exempt from a set and carries none of its contacts on. */
    static boolean passedOver(Policy policy, ConflictSet set, int endpoint) {
        return exempt(policy.endpoint(endpoint))
                || policy.isGuard(endpoint) && (policy.guard(endpoint).sanitizes() >>> set.index() & 1) != 0;
    }

    private List<FlowEdge> path(int slot) {
        List<FlowEdge> path = new ArrayList<>();
        int at = slot;
        while (via[at] != NONE) {
            path.addFirst(graph.edge(via[at]));
            int sender = graph.arrays().from(via[at]) * 2;
            at = party[sender] == party[slot] ? sender : sender + 1;
        }
        return path;
    }
}
