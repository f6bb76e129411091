package dev.cloister.policy.partition;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Schedule;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;

/**
 * A schedule as one line of time: the minor frames of all CPUs of a major frame, cut at every moment at which one of them ends. Immutable.
 *
 * @param majors in the policy's order, at least one
 */
record FrameTable(List<Major> majors) {
    /** The id of nobody, RFC 9562 5.9. */
    static final UUID IDLE = new UUID(0, 0);

    /** Copies the list. */
    FrameTable {
        majors = List.copyOf(majors);
    }

    /**
     * A major frame.
     *
     * @param name its name
     * @param nanos its length, above 0
     * @param slots in order, without gaps
     * @param frames its minor frames
     */
    record Major(String name, long nanos, List<Slot> slots, List<Frame> frames) {
        /** Copies the lists. */
        Major {
            slots = List.copyOf(slots);
            frames = List.copyOf(frames);
        }
    }

    /**
     * A span in which nobody changes place.
     *
     * @param at its begin within the major frame, in nanoseconds
     * @param nanos its length
     * @param running the CPUs of each domain that runs, by the domain's id
     * @param begins the frames that begin with it, idle ones left out
     */
    record Slot(long at, long nanos, Map<UUID, BitSet> running, List<Frame> begins) {}

    /**
     * A minor frame with what was measured of it.
     *
     * @param cpu the host's CPU
     * @param index its place in the CPU's plan, from 0
     * @param domain the domain's id; {@link #IDLE} for idle
     * @param name the domain's name; empty for idle
     * @param at its begin within the major frame, in nanoseconds
     * @param nanos its length
     * @param late how late it began
     */
    record Frame(int cpu, int index, UUID domain, String name, long at, long nanos, Histogram late) {
        boolean idle() {
            return domain.equals(IDLE);
        }
    }

    /** Lays a schedule out. */
    static FrameTable of(Schedule schedule) {
        return new FrameTable(schedule.majors().stream().map(FrameTable::major).toList());
    }

    private static Major major(Schedule.MajorFrame major) {
        List<Frame> frames = new ArrayList<>();
        TreeSet<Long> moments = new TreeSet<>();
        long length = 0;
        for (Schedule.CpuPlan plan : major.cpus()) {
            long at = 0;
            int index = 0;
            for (Schedule.MinorFrame minor : plan.minors()) {
                frames.add(new Frame(
                        plan.cpu(),
                        index++,
                        minor.domain().map(Domain::id).orElse(IDLE),
                        minor.domain().map(Domain::name).orElse(""),
                        at,
                        minor.nanos(),
                        new Histogram()));
                moments.add(at);
                at += minor.nanos();
            }
            // A CPU whose plan is shorter than another's is idle for the rest.
            moments.add(at);
            length = Math.max(length, at);
        }
        List<Slot> slots = new ArrayList<>();
        for (long at : moments.headSet(length)) {
            slots.add(slot(at, moments.higher(at) - at, frames));
        }
        return new Major(major.name(), length, slots, frames);
    }

    private static Slot slot(long at, long nanos, List<Frame> frames) {
        Map<UUID, BitSet> running = new TreeMap<>();
        List<Frame> begins = new ArrayList<>();
        for (Frame frame : frames) {
            if (!frame.idle() && frame.at() <= at && at < frame.at() + frame.nanos()) {
                running.computeIfAbsent(frame.domain(), _ -> new BitSet()).set(frame.cpu());
                if (frame.at() == at) {
                    begins.add(frame);
                }
            }
        }
        return new Slot(at, nanos, running, begins);
    }
}
