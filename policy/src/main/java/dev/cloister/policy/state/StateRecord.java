package dev.cloister.policy.state;

/**
 * One change of what the daemon knows. Times are nanoseconds of the monotonic clock (clock_gettime(2), {@code CLOCK_MONOTONIC}),
 * which all processes of one boot share, and milliseconds of the wall clock for what outlives a boot.
 */
public sealed interface StateRecord {
    /**
     * A daemon has begun.
     *
     * @param digest the policy's
     * @param boot identity of the boot ({@code /proc/sys/kernel/random/boot_id})
     * @param origin when the periods of quotas began
     * @param since when the policy came into force, from which its relative windows count
     */
    record Begun(String digest, String boot, long origin, long since) implements StateRecord {}

    /**
     * A VMM process was started.
     *
     * @param domain its domain's name
     * @param pid its number
     * @param startTicks when it started, in clock ticks since boot (proc_pid_stat(5), field 22); with the number it is unique in a boot
     * @param kernel digest of the kernel that was measured, empty if there is none
     * @param firmware digest of the firmware
     * @param initrd digest of the initrd
     */
    record Spawned(String domain, int pid, long startTicks, String kernel, String firmware, String initrd)
            implements StateRecord {}

    /**
     * A domain's guest runs.
     *
     * @param domain its name
     */
    record Runs(String domain) implements StateRecord {}

    /**
     * The operator wants a domain's guest to stand still; {@link Runs} undoes it.
     *
     * @param domain its name
     */
    record Paused(String domain) implements StateRecord {}

    /**
     * A VMM has said how its guest ended; its process may still be there.
     *
     * @param domain its domain's name
     * @param code the guest's exit code, from 0
     */
    record Exiting(String domain, int code) implements StateRecord {}

    /**
     * A domain's process is gone.
     *
     * @param domain its name
     * @param code exit code as it is shown
     */
    record Ended(String domain, int code) implements StateRecord {}

    /**
     * A domain will be started again by its rule.
     *
     * @param domain its name
     * @param nanos when that was decided
     */
    record Again(String domain, long nanos) implements StateRecord {}

    /**
     * A domain will be started again, for a restart that was recorded before or when a window of it opens.
     *
     * @param domain its name
     */
    record Waits(String domain) implements StateRecord {}

    /**
     * The operator has stopped a domain: whatever rule it has, it doesn't run until the operator starts it; {@link Spawned} undoes it.
     *
     * @param domain its name
     * @param until when the time is over that its guest has to shut down by itself, monotonic
     */
    record Stopped(String domain, long until) implements StateRecord {}

    /**
     * A major frame of the schedule follows.
     *
     * @param major its name
     */
    record Follows(String major) implements StateRecord {}

    /** The daemon is to end all domains and itself; {@link Finished} follows. */
    record Ending() implements StateRecord {}

    /**
     * A channel begins to be handed over.
     *
     * @param flow its flow's name
     * @param epoch which opening it is
     */
    record Opening(String flow, int epoch) implements StateRecord {}

    /**
     * A channel is live.
     *
     * @param flow its flow's name
     * @param epoch which opening it is
     */
    record Live(String flow, int epoch) implements StateRecord {}

    /**
     * Nothing of a channel is left.
     *
     * @param flow its flow's name
     * @param epoch which opening it was
     */
    record Closed(String flow, int epoch) implements StateRecord {}

    /**
     * Units of a quota are taken; they count as used from here on.
     *
     * @param flow the flow's name
     * @param units how many, above 0
     * @param nanos when, monotonic
     * @param wallMillis when, since the epoch of the wall clock
     */
    record Leased(String flow, long units, long nanos, long wallMillis) implements StateRecord {}

    /**
     * The operator has revoked a flow.
     *
     * @param flow its name
     */
    record Held(String flow) implements StateRecord {}

    /**
     * The operator lets a flow be open again.
     *
     * @param flow its name
     */
    record Lifted(String flow) implements StateRecord {}

    /** The daemon has ended in order and left nothing behind. */
    record Finished() implements StateRecord {}
}
