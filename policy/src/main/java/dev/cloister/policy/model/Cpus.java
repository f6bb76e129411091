package dev.cloister.policy.model;

import java.util.List;

/**
 * A domain's virtual CPUs and where they may run.
 *
 * @param count virtual CPUs, 1 to {@link Domain#MAX_CPUS}
 * @param pin host CPUs that they may run on, ascending; empty: any
 * @param exclusive whether no other domain may run on the pinned CPUs
 */
public record Cpus(int count, List<Integer> pin, boolean exclusive) {
    /** Copies the list. */
    public Cpus {
        pin = List.copyOf(pin);
    }

    /** Returns that many CPUs without a place. */
    public static Cpus of(int count) {
        return new Cpus(count, List.of(), false);
    }
}
