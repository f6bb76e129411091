package dev.cloister.cli.testgen;

import dev.cloister.policy.model.ConflictSet;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Policy;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * Which domains run at once, and which ordered pairs are tested. Two ends of a tested flow share a batch; a pair with no flow
 * needs no common batch, since who asks for a channel to a domain that does not run is told no by the same gate.
 */
final class Batches {
    private final Policy policy;
    private final List<Set<Domain>> sets = new ArrayList<>();
    private final Set<Long> wanted = new HashSet<>();
    private final Set<String> leftOut = new LinkedHashSet<>();
    private final int size;

    private Batches(Policy policy, int size) {
        this.policy = policy;
        this.size = size;
    }

    /**
     * Divides.
     *
     * @param policy the policy
     * @param size most domains at once
     * @param sample most ordered pairs of domains; those with a flow come first
     * @param seed chooses among the pairs without a flow
     */
    static Batches of(Policy policy, int size, int sample, long seed) {
        Batches batches = new Batches(policy, size);
        batches.choose(sample, seed);
        batches.divide();
        return batches;
    }

    private void choose(int sample, long seed) {
        Set<Long> flows = new LinkedHashSet<>();
        for (Flow flow : policy.flows()) {
            if (flow.from() instanceof Domain from && flow.to() instanceof Domain to) {
                flows.add(key(from, to));
            }
        }
        flows.stream().limit(sample).forEach(wanted::add);
        long domains = policy.domains().size();
        long pairs = domains * (domains - 1);
        if (pairs <= sample) {
            everyPair().forEach(wanted::add);
            return;
        }
        leftOut.add(pairs - sample + " pairs: --sample " + sample);
        Random random = new Random(seed);
        while (wanted.size() < sample) {
            Domain from = policy.domains().get(random.nextInt((int) domains));
            Domain to = policy.domains().get(random.nextInt((int) domains));
            if (!from.equals(to)) {
                wanted.add(key(from, to));
            }
        }
    }

    private List<Long> everyPair() {
        List<Long> all = new ArrayList<>();
        for (Domain from : policy.domains()) {
            for (Domain to : policy.domains()) {
                if (!from.equals(to)) {
                    all.add(key(from, to));
                }
            }
        }
        return all;
    }

    private void divide() {
        for (Flow flow : policy.flows()) {
            if (flow.from() instanceof Domain from && flow.to() instanceof Domain to && wants(from, to)) {
                join(flow, from, to);
            }
        }
        for (Domain domain : policy.domains()) {
            boolean needed = wanted.stream()
                    .anyMatch(key -> key >>> Integer.SIZE == domain.index() || key.intValue() == domain.index());
            boolean alone = policy.domains().size() == 1;
            if ((needed || alone) && home(domain) < 0) {
                place(Set.of(domain));
            }
        }
    }

    private void join(Flow flow, Domain from, Domain to) {
        if (rivals(from, to)) {
            leftOut.add("flow " + flow.name() + ": its ends may not run at once");
        } else if (sets.stream().noneMatch(set -> set.contains(from) && set.contains(to))) {
            place(Set.of(from, to));
        }
    }

    private void place(Set<Domain> together) {
        Set<Domain> open = sets.isEmpty() ? new LinkedHashSet<>() : sets.getLast();
        Set<Domain> grown = new LinkedHashSet<>(open);
        grown.addAll(together);
        boolean fits = grown.size() <= Math.max(size, together.size())
                && together.stream().allMatch(each -> open.stream().noneMatch(other -> rivals(each, other)));
        if (!sets.isEmpty() && fits) {
            open.addAll(together);
        } else {
            sets.add(new LinkedHashSet<>(together));
        }
    }

    /** Whether a conflict set keeps two domains from running at once. */
    private boolean rivals(Domain one, Domain other) {
        for (int set = 0; set < policy.conflicts().size(); set++) {
            int first = policy.party(set, one.index());
            int second = policy.party(set, other.index());
            if (policy.conflicts().get(set).mode() == ConflictSet.Mode.CONCURRENT
                    && first != ConflictSet.NO_PARTY
                    && second != ConflictSet.NO_PARTY
                    && first != second) {
                return true;
            }
        }
        return false;
    }

    /** Returns how many batches there are. */
    int count() {
        return sets.size();
    }

    /** Tells whether a domain runs in a batch. */
    boolean runs(int batch, Domain domain) {
        return sets.get(batch).contains(domain);
    }

    /** Returns the first batch in which a domain runs, which is where it asks; -1 for none. */
    int home(Domain domain) {
        for (int batch = 0; batch < sets.size(); batch++) {
            if (runs(batch, domain)) {
                return batch;
            }
        }
        return -1;
    }

    /** Tells whether an ordered pair is to be tested. */
    boolean wants(Domain from, Domain to) {
        return wanted.contains(key(from, to));
    }

    /** Returns what is left out, in words. */
    Set<String> leftOut() {
        return leftOut;
    }

    /** Returns the batches with the names of their policy files. */
    List<Suite.Batch> files() {
        List<Suite.Batch> files = new ArrayList<>();
        for (int batch = 0; batch < sets.size(); batch++) {
            int at = batch;
            files.add(new Suite.Batch(
                    sets.size() == 1 ? "policy.json" : "policy-" + (batch + 1) + ".json",
                    policy.domains().stream()
                            .filter(domain -> runs(at, domain))
                            .map(Domain::name)
                            .toList()));
        }
        return files;
    }

    private static long key(Domain from, Domain to) {
        return (long) from.index() << Integer.SIZE | to.index();
    }
}
