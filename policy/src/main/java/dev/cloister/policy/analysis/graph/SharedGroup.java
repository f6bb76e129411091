package dev.cloister.policy.analysis.graph;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.ResidualRisk;
import java.util.List;

/**
 * Domains that share something alike: every domain of one side shares it with every other of the other side, both ways.
 *
 * @param share what they share
 * @param accepted whether a residual risk in force names it
 * @param one one side
 * @param two the other side; the same list where they share it among themselves
 */
public record SharedGroup(ResidualRisk.Share share, boolean accepted, List<Domain> one, List<Domain> two) {
    /** Copies the lists. */
    public SharedGroup {
        one = List.copyOf(one);
        two = List.copyOf(two);
    }

    /** Returns how many unordered pairs of different domains it stands for. */
    public long pairs() {
        return one.equals(two) ? (long) one.size() * (one.size() - 1) / 2 : (long) one.size() * two.size();
    }
}
