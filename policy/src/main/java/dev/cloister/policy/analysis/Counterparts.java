package dev.cloister.policy.analysis;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Which endpoint and which flow of one policy is which of another. */
final class Counterparts {
    private final Policy before;
    private final Policy after;
    private final int[] toNew;
    private final int[] toOld;
    private final int[] newFlow;
    private final boolean sameNumbers;

    Counterparts(Policy before, Policy after) {
        this.before = before;
        this.after = after;
        this.toNew = new int[before.endpoints().size()];
        this.toOld = new int[after.endpoints().size()];
        Arrays.fill(toOld, -1);
        for (Endpoint endpoint : before.endpoints()) {
            toNew[endpoint.index()] = find(endpoint).map(Endpoint::index).orElse(-1);
            if (toNew[endpoint.index()] >= 0) {
                toOld[toNew[endpoint.index()]] = endpoint.index();
            }
        }
        this.newFlow = flows();
        this.sameNumbers = Arrays.equals(toNew, toOld) && identity(toNew);
    }

    private static boolean identity(int[] map) {
        for (int i = 0; i < map.length; i++) {
            if (map[i] != i) {
                return false;
            }
        }
        return true;
    }

    private Optional<? extends Endpoint> find(Endpoint old) {
        return old instanceof Domain domain ? after.domain(domain.id()) : after.endpoint(old.name());
    }

    private record Ends(int from, int to, FlowKind kind) {}

    private int[] flows() {
        int[] map = new int[before.flows().size()];
        Arrays.fill(map, -1);
        BitSet taken = new BitSet();
        for (Flow flow : before.flows()) {
            after.flow(flow.name()).filter(other -> sameEnds(flow, other)).ifPresent(other -> {
                map[flow.index()] = other.index();
                taken.set(other.index());
            });
        }
        Map<Ends, Deque<Integer>> left = new HashMap<>();
        for (Flow flow : after.flows()) {
            if (!taken.get(flow.index())) {
                left.computeIfAbsent(ends(flow), _ -> new ArrayDeque<>()).add(flow.index());
            }
        }
        for (Flow flow : before.flows()) {
            if (map[flow.index()] < 0) {
                Deque<Integer> same = left.get(
                        new Ends(toNew[flow.from().index()], toNew[flow.to().index()], flow.kind()));
                map[flow.index()] = same == null || same.isEmpty() ? -1 : same.removeFirst();
            }
        }
        return map;
    }

    private static Ends ends(Flow flow) {
        return new Ends(flow.from().index(), flow.to().index(), flow.kind());
    }

    private boolean sameEnds(Flow old, Flow now) {
        return toNew[old.from().index()] == now.from().index()
                && toNew[old.to().index()] == now.to().index()
                && old.kind() == now.kind();
    }

    Policy before() {
        return before;
    }

    Policy after() {
        return after;
    }

    /** Returns the index that an endpoint of the old policy has in the new one, or -1. */
    int newOf(int old) {
        return toNew[old];
    }

    /** Returns the index that an endpoint of the new policy had in the old one, or -1. */
    int oldOf(int now) {
        return toOld[now];
    }

    /** Returns the index that a flow of the old policy has in the new one, or -1. */
    int newFlow(int old) {
        return newFlow[old];
    }

    /** Returns the new indexes of endpoints of the old policy; those that are gone are left out. */
    BitSet toNew(BitSet old) {
        return map(old, toNew);
    }

    /** Returns the old indexes of endpoints of the new policy; those that are new are left out. */
    BitSet toOld(BitSet now) {
        return map(now, toOld);
    }

    private BitSet map(BitSet bits, int[] map) {
        if (sameNumbers) {
            return bits;
        }
        BitSet mapped = new BitSet(map.length);
        for (int bit = bits.nextSetBit(0); bit >= 0; bit = bits.nextSetBit(bit + 1)) {
            if (map[bit] >= 0) {
                mapped.set(map[bit]);
            }
        }
        return mapped;
    }
}
