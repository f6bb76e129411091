package dev.cloister.policy.model;

import java.util.List;
import java.util.Optional;

/**
 * A cyclic schedule: major frames follow each other; within one, each CPU goes through its minor frames.
 *
 * @param majors the major frames, at least one
 * @param position where the policy declares it
 */
public record Schedule(List<MajorFrame> majors, SourcePosition position) {
    /** Copies the list. */
    public Schedule {
        majors = List.copyOf(majors);
    }

    /**
     * A major frame.
     *
     * @param name its name
     * @param cpus the plan of each CPU
     * @param position where the policy declares it
     */
    public record MajorFrame(String name, List<CpuPlan> cpus, SourcePosition position) {
        /** Copies the list. */
        public MajorFrame {
            cpus = List.copyOf(cpus);
        }
    }

    /**
     * One CPU in a major frame.
     *
     * @param cpu number of the host CPU
     * @param minors its minor frames in order
     * @param position where the policy declares it
     */
    public record CpuPlan(int cpu, List<MinorFrame> minors, SourcePosition position) {
        /** Copies the list. */
        public CpuPlan {
            minors = List.copyOf(minors);
        }

        /** Returns the sum of the minor frames in nanoseconds. */
        public long nanos() {
            return minors.stream().mapToLong(MinorFrame::nanos).sum();
        }
    }

    /**
     * A minor frame.
     *
     * @param domain who runs; empty: nobody
     * @param nanos its length in nanoseconds
     * @param position where the policy declares it
     */
    public record MinorFrame(Optional<Domain> domain, long nanos, SourcePosition position) {}
}
