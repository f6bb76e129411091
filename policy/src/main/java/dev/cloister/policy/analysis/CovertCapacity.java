package dev.cloister.policy.analysis;

import dev.cloister.policy.analysis.graph.Closure;
import dev.cloister.policy.analysis.graph.FlowGraph;
import dev.cloister.policy.analysis.graph.MaxFlow;
import dev.cloister.policy.model.BackChannel;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.ResidualRisk;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.function.LongSupplier;

/**
 * The covert budget of a policy: for each pair of endpoints that the labels forbid, the most that can leak past all guards.
 *
 * <p>Counted are the edges without a guard's mediation: a budgeted back channel carries its budget, an accepted risk its estimate;
 * declared flows, reverse edges that the labels allow, and risks without an estimate have no bound. What a pair can leak is the maximum
 * flow. Where there are too many pairs for that, each has an upper bound: whatever leaves the sender for the receiver crosses the
 * bounded edges that the sender reaches, and those that reach the receiver; and the worst by that bound are computed exactly.
 * Undeclared sharing has no number and isn't counted: CLP091 reports it. Immutable; one thread at a time.
 */
public final class CovertCapacity {
    /** Up to this many steps (pairs times edges) every pair is computed exactly. */
    static final long EXACT_WORK = 40_000_000L;

    /** The most pairs whose exact flow is computed in a large policy. */
    static final int REFINED = 16;

    private static final Comparator<Bounded> WORST_FIRST = Comparator.comparingLong(Bounded::bits)
            .reversed()
            .thenComparingInt(Bounded::from)
            .thenComparingInt(Bounded::to);

    private final AnalysisContext context;
    private final FlowGraph graph;
    private final Capacities capacities;
    private final Closure ways;
    private final Closure unbounded;
    private final long[] leaving;
    private final long[] entering;
    private long pairs;
    private long unboundedPairs;
    private final boolean exactAll;
    private final List<Bounded> worst;

    /** A pair with its bound, or its exact flow where that was computed. */
    private record Bounded(int from, int to, long bits, boolean exact) {}

    CovertCapacity(AnalysisContext context) {
        this(context, EXACT_WORK);
    }

    /** Makes it with a bound of one's own on the work that exact flows of all pairs may take. */
    CovertCapacity(AnalysisContext context, long exactWork) {
        this.context = context;
        this.graph = context.graph();
        this.capacities = new Capacities(graph);
        this.ways = context.closure(NoninterferenceAnalysis.RESIDUAL);
        this.unbounded = Closure.of(graph, capacities::isUnbounded, new BitSet());
        this.leaving = leavingReached();
        this.entering = enteringReaching();
        count();
        long work = pairs * Math.max(1, capacities.edges());
        this.exactAll = capacities.fewSharing() && work <= exactWork;
        this.worst = exactAll ? exact(candidates(Integer.MAX_VALUE)) : refined();
    }

    /** Computes the covert budget of a policy; residual risks are held to be in force. */
    public static CovertCapacity of(Policy policy) {
        return of(policy, Optional.empty());
    }

    /** Computes the covert budget of a policy as of a day; see {@link FlowGraph#of(Policy, Optional)}. */
    public static CovertCapacity of(Policy policy, Optional<LocalDate> today) {
        return new CovertCapacity(new AnalysisContext(policy, today));
    }

    /** Returns how many ordered pairs can leak although their labels forbid it. */
    public long pairs() {
        return pairs;
    }

    /** Returns how many of these have a way without bound. */
    public long unboundedPairs() {
        return unboundedPairs;
    }

    /** Returns whether every pair was computed exactly, so that the worst are known to be the worst. */
    public boolean exact() {
        return exactAll;
    }

    /** Returns the worst pairs, unbounded ones first, then by what they can leak. */
    public List<CovertPair> worst(int most) {
        List<CovertPair> list = new ArrayList<>();
        firstUnbounded(most).forEach(pair -> list.add(pair(pair)));
        worst.stream().limit(Math.max(0, most - list.size())).forEach(pair -> list.add(pair(pair)));
        return list;
    }

    /** Returns the worst pairs that have a bound, each above a limit; where there are too many to compute, by their bounds. */
    List<CovertPair> above(long limit, int most) {
        return worst.stream()
                .filter(pair -> pair.bits() > limit)
                .limit(most)
                .map(this::pair)
                .toList();
    }

    /** Returns how many pairs with a bound are, or can't be shown not to be, above a limit. */
    long countAbove(long limit) {
        if (exactAll) {
            return worst.stream().filter(pair -> pair.bits() > limit).count();
        }
        long[] above = {0};
        forEachPair(() -> limit, (from, to) -> {
            if (!unbounded.reaches(from, to) && bound(from, to) > limit) {
                above[0]++;
            }
        });
        long shown = worst.stream()
                .filter(pair -> pair.exact() && pair.bits() <= limit && bound(pair.from(), pair.to()) > limit)
                .count();
        return above[0] - shown;
    }

    /** Returns what one pair can leak, exactly; empty if the labels allow it or there is no way. */
    public Optional<CovertPair> pair(Endpoint from, Endpoint to) {
        boolean leaks = !to.label().dominates(from.label()) && ways.reaches(from, to);
        if (!leaks) {
            return Optional.empty();
        }
        long flow = unbounded.reaches(from, to) ? MaxFlow.UNBOUNDED : bound(from.index(), to.index());
        boolean exact = capacities.fewSharing();
        if (exact && flow < MaxFlow.UNBOUNDED) {
            flow = capacities.maxFlow(from.index(), to.index());
        }
        return Optional.of(pair(new Bounded(from.index(), to.index(), flow, exact)));
    }

    private CovertPair pair(Bounded found) {
        Endpoint from = context.policy().endpoint(found.from());
        Endpoint to = context.policy().endpoint(found.to());
        boolean noBound = found.bits() >= MaxFlow.UNBOUNDED;
        return new CovertPair(from, to, found.bits(), noBound, found.exact() || noBound, capacities.widest(from, to));
    }

    /** What is done with each pair that leaks. */
    private interface PairAction {
        void pair(int from, int to);
    }

    /** Goes through the pairs, senders with the largest sums first, as long as these are above a limit that may rise. */
    private void forEachPair(LongSupplier limit, PairAction action) {
        List<Endpoint> senders = new ArrayList<>(context.policy().endpoints());
        senders.sort(Comparator.comparingLong((Endpoint from) -> leaving[from.index()])
                .reversed()
                .thenComparingInt(Endpoint::index));
        for (Endpoint from : senders) {
            if (leaving[from.index()] <= limit.getAsLong()) {
                break;
            }
            long[] row = ways.row(from.index());
            BitSet allowed = context.dominating(from.label());
            long[] mask = allowed.toLongArray();
            for (int word = 0; word < row.length; word++) {
                long bits = word < mask.length ? row[word] & ~mask[word] : row[word];
                for (; bits != 0; bits &= bits - 1) {
                    action.pair(from.index(), (word << 6) + Long.numberOfTrailingZeros(bits));
                }
            }
        }
    }

    private void count() {
        for (Endpoint from : context.policy().endpoints()) {
            BitSet allowed = context.dominating(from.label());
            BitSet leaking = ways.reached(from.index());
            leaking.andNot(allowed);
            pairs += leaking.cardinality();
            leaking.and(unbounded.reached(from.index()));
            unboundedPairs += leaking.cardinality();
        }
    }

    private List<Bounded> firstUnbounded(int most) {
        List<Bounded> list = new ArrayList<>();
        for (Endpoint from : context.policy().endpoints()) {
            if (list.size() >= most || unboundedPairs == 0) {
                break;
            }
            BitSet leaking = unbounded.reached(from.index());
            leaking.andNot(context.dominating(from.label()));
            leaking.stream()
                    .limit((long) most - list.size())
                    .forEach(to -> list.add(new Bounded(from.index(), to, MaxFlow.UNBOUNDED, true)));
        }
        return list;
    }

    /** Returns the pairs with a bound, worst bounds first. */
    private List<Bounded> candidates(int most) {
        PriorityQueue<Bounded> queue = new PriorityQueue<>(WORST_FIRST.reversed());
        long[] least = {-1};
        forEachPair(() -> least[0], (from, to) -> {
            long bits = Math.min(leaving[from], entering[to]);
            boolean kept = (queue.size() < most || bits > least[0]) && !unbounded.reaches(from, to);
            if (kept) {
                queue.add(new Bounded(from, to, bits, false));
                if (queue.size() > most) {
                    queue.remove();
                }
                least[0] = queue.size() < most ? -1 : queue.element().bits();
            }
        });
        List<Bounded> list = new ArrayList<>(queue);
        list.sort(WORST_FIRST);
        return list;
    }

    private List<Bounded> exact(List<Bounded> candidates) {
        return candidates.stream()
                .map(pair -> new Bounded(pair.from(), pair.to(), capacities.maxFlow(pair.from(), pair.to()), true))
                .sorted(WORST_FIRST)
                .toList();
    }

    private List<Bounded> refined() {
        List<Bounded> candidates = candidates(REFINED);
        return capacities.fewSharing() ? exact(candidates) : candidates;
    }

    /** Returns the upper bound of what a pair can leak that has a bound. */
    long bound(int from, int to) {
        return Math.min(leaving[from], entering[to]);
    }

    /** Sums for each endpoint the capacities of the bounded edges that it, or what it reaches, sends over. */
    private long[] leavingReached() {
        long[] own = capacities.leaving();
        BitSet senders = positive(own);
        Map<Integer, Long> byComponent = new HashMap<>();
        long[] sums = new long[own.length];
        for (int from = 0; from < sums.length; from++) {
            int source = from;
            long reached = byComponent.computeIfAbsent(ways.component(from), _ -> {
                BitSet row = ways.reached(source);
                row.and(senders);
                return row.stream().mapToLong(to -> own[to]).reduce(0, CovertCapacity::saturated);
            });
            sums[from] = ways.reaches(from, from) ? reached : saturated(reached, own[from]);
        }
        return sums;
    }

    /** Sums for each endpoint the capacities of the bounded edges over which it, or what reaches it, receives. */
    private long[] enteringReaching() {
        long[] own = capacities.entering();
        Map<Integer, Long> byComponent = new HashMap<>();
        Map<Integer, Integer> member = new HashMap<>();
        positive(own).stream().forEach(from -> {
            byComponent.merge(ways.component(from), own[from], CovertCapacity::saturated);
            member.put(ways.component(from), from);
        });
        long[] sums = new long[own.length];
        byComponent.forEach((component, sum) ->
                ways.forEachReached(member.getOrDefault(component, 0), to -> sums[to] = saturated(sums[to], sum)));
        for (int to = 0; to < sums.length; to++) {
            sums[to] = ways.reaches(to, to) ? sums[to] : saturated(sums[to], own[to]);
        }
        return sums;
    }

    private static BitSet positive(long[] values) {
        BitSet bits = new BitSet();
        for (int i = 0; i < values.length; i++) {
            bits.set(i, values[i] > 0);
        }
        return bits;
    }

    private static long saturated(long one, long two) {
        return Math.min(one + two, MaxFlow.UNBOUNDED - 1);
    }

    /** Returns the bits per second of a budget. */
    static long bits(Optional<BackChannel> budget) {
        return budget.map(BackChannel::bitsPerSecond).orElse(MaxFlow.UNBOUNDED);
    }

    /** Returns the bits per second that a risk is held to carry. */
    static long bits(ResidualRisk risk) {
        return risk.bitsPerSecond() > 0 ? risk.bitsPerSecond() : MaxFlow.UNBOUNDED;
    }
}
