package dev.cloister.policy.confinement;

import dev.cloister.policy.model.Cgroup;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Policy;
import java.util.List;
import java.util.Optional;

/**
 * Limits of one VMM process' control group; 0 is no limit.
 *
 * @param memoryBytes all memory that it may have, its guest's included
 * @param pids threads and processes
 * @param cpuPercent processor time in percent of one CPU
 * @param ioWeight share of disk time, 1 to 10000
 * @param exclusiveCpus host CPUs that nothing else runs on; empty for none
 */
record GroupLimits(long memoryBytes, int pids, int cpuPercent, int ioWeight, List<Integer> exclusiveCpus) {
    /** What a VMM needs besides its guest's memory and its channels: heap, code, stacks, with room to spare. */
    static final long VMM_BYTES = 512L << 20;
    /** A VMM's threads besides its virtual CPUs, with room to spare. */
    static final int VMM_THREADS = 256;

    GroupLimits {
        exclusiveCpus = List.copyOf(exclusiveCpus);
    }

    /** What the policy says, and bounds of memory and threads where it says nothing. */
    static GroupLimits of(Policy policy, Domain domain) {
        Optional<Cgroup> asked = domain.cgroup();
        long memory = asked.map(Cgroup::memoryMax).orElse(0L);
        int pids = asked.map(Cgroup::pidsMax).orElse(0);
        return new GroupLimits(
                memory == 0 ? usualBytes(policy, domain) : memory,
                pids == 0 ? VMM_THREADS + domain.cpus().count() : pids,
                asked.map(Cgroup::cpuMaxPercent).orElse(0),
                asked.map(Cgroup::ioWeight).orElse(0),
                domain.cpus().exclusive() ? domain.cpus().pin() : List.of());
    }

    private static long usualBytes(Policy policy, Domain domain) {
        long bytes = domain.memory().bytes() + VMM_BYTES;
        for (Flow flow : policy.flowsOf(domain)) {
            bytes += flow.windowBytes();
        }
        return bytes;
    }
}
