package dev.cloister.policy.protocol;

import java.util.List;

/**
 * The schedule as it is kept: which major frame runs, by which mechanism, and how punctual the frames were since the daemon began.
 *
 * @param major name of the major frame that runs
 * @param next name of the one that follows it
 * @param mechanism how domains are stopped outside their frames
 * @param enforced whether a VMM can't undo that by any means of its own
 * @param realTime whether the thread that walks the frames has a real-time priority
 * @param cycles major frames walked
 * @param overruns spans that were over before they could begin
 * @param unconfirmed ends of frames at which a domain wasn't yet seen to stand when the next one began
 * @param standP50Nanos nanoseconds from the end of a frame until its domain stood: median
 * @param standP99Nanos the same: 99 of 100
 * @param standMaxNanos the same: the longest
 * @param frames the minor frames, those of the first major frame first
 */
public record ScheduleView(
        String major,
        String next,
        String mechanism,
        boolean enforced,
        boolean realTime,
        long cycles,
        long overruns,
        long unconfirmed,
        long standP50Nanos,
        long standP99Nanos,
        long standMaxNanos,
        List<FrameView> frames) {
    /** Copies the list. */
    public ScheduleView {
        frames = List.copyOf(frames);
    }

    /**
     * A minor frame.
     *
     * @param major name of its major frame
     * @param cpu number of the host's CPU
     * @param index its place in the CPU's plan, from 0
     * @param domain name of the domain; empty for an idle frame
     * @param nanos its length in nanoseconds
     * @param starts how often its domain began to run in it
     * @param lateP50Nanos nanoseconds from the planned begin until the domain ran: median
     * @param lateP99Nanos the same: 99 of 100
     * @param lateMaxNanos the same: the longest
     */
    public record FrameView(
            String major,
            int cpu,
            int index,
            String domain,
            long nanos,
            long starts,
            long lateP50Nanos,
            long lateP99Nanos,
            long lateMaxNanos) {}
}
