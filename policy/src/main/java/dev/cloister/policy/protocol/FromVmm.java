package dev.cloister.policy.protocol;

import dev.cloister.policy.model.Engine;
import dev.cloister.policy.model.FlowKind;
import java.util.List;

/** A message from a VMM process to the policy daemon; {@link VmmCodec} is its wire form. The daemon trusts none of it. */
public sealed interface FromVmm {
    /**
     * First message: the process has put itself into its sandbox. Carries the listener of its filter of system calls; without a
     * descriptor it says why it can't be confined.
     *
     * @param problem what the host lacks, at most {@link VmmCodec#MAX_DETAIL} bytes; empty with a listener
     */
    record Confined(String problem) implements FromVmm {}

    /** The machine is built; channels may be attached. */
    record Ready() implements FromVmm {}

    /**
     * A channel's end is in place; a writer has mapped its window.
     *
     * @param index position of the channel in the directory
     * @param epoch the opening that this answers
     */
    record Attached(int index, int epoch) implements FromVmm {}

    /**
     * A channel has been taken away: nothing passes through it any more.
     *
     * @param index position of the channel in the directory
     * @param epoch the opening that this answers
     */
    record Revoked(int index, int epoch) implements FromVmm {}

    /**
     * The guest's first instruction is about to run.
     *
     * @param nanosSinceProcessStart nanoseconds since the VMM process was started, not negative
     */
    record Started(long nanosSinceProcessStart) implements FromVmm {}

    /**
     * How the domain does; sent about once a second, after pause and resume, and on {@link ToVmm.Query}.
     *
     * @param state READY, RUNNING, PAUSED or EXITED
     * @param engine the engine in use; AUTO as long as none is chosen
     * @param emulatedInstructions instructions that the emulator completed
     * @param exits exits by kind, at most {@link VmmCodec#MAX_EXIT_KINDS}
     * @param channels counters by channel, at most one for each
     */
    record Status(
            DomainState state,
            Engine engine,
            long emulatedInstructions,
            List<ExitCount> exits,
            List<ChannelCounters> channels)
            implements FromVmm {
        /** Copies the lists, so that a message never changes. */
        public Status {
            exits = List.copyOf(exits);
            channels = List.copyOf(channels);
        }
    }

    /**
     * The guest asks for a channel.
     *
     * @param requestId number chosen by the VMM, comes back in the answer
     * @param kind kind asked for
     * @param direction as the asking domain sees it
     * @param peer name of the other endpoint, 1 to {@link VmmCodec#MAX_NAME} bytes of printable ASCII
     */
    record Request(long requestId, FlowKind kind, Direction direction, String peer) implements FromVmm {}

    /**
     * How the guest's balloon is.
     *
     * @param wanted bytes that the guest is asked to give back
     * @param actual bytes that it says it has given back
     * @param returned bytes of pages that went back to the host so far, each time counted
     * @param guest what the guest says of its memory, at most {@link VmmCodec#MAX_MEMORY_FACTS}; empty if it says nothing
     */
    record Balloon(long wanted, long actual, long returned, List<MemoryFact> guest) implements FromVmm {
        /** Copies the list. */
        public Balloon {
            guest = List.copyOf(guest);
        }
    }

    /**
     * What a guest says of its memory.
     *
     * @param name what it is, 1 to {@link VmmCodec#MAX_NAME} bytes of printable ASCII
     * @param value bytes, or how many
     */
    record MemoryFact(String name, long value) {}

    /**
     * The guest tried what it may not and was stopped from it; it goes on.
     *
     * @param kind what it tried
     * @param detail one sentence with the values, at most {@link VmmCodec#MAX_DETAIL} bytes
     */
    record Violation(ViolationKind kind, String detail) implements FromVmm {}

    /**
     * The guest has ended; the process follows.
     *
     * @param code exit code in the CLI's numbering: 0 power-off or reset, 70 guest fault, 0 to 255
     * @param reportJson the report, a JSON object, at most {@link VmmCodec#MAX_REPORT} bytes
     */
    record Exited(int code, String reportJson) implements FromVmm {}

    /**
     * Exits of one kind so far.
     *
     * @param kind short name such as {@code io} or {@code hlt}, 1 to {@link VmmCodec#MAX_NAME} bytes of printable ASCII
     * @param count how many
     */
    record ExitCount(String kind, long count) {}

    /**
     * What has passed one end of a channel so far.
     *
     * @param index position of the channel in the directory
     * @param units records (memory), signals (event) or bytes (the others)
     * @param refused units held back by the rate, or lost by overrun
     * @param reverse signals that went against the channel's direction (a stream's credits made visible)
     */
    record ChannelCounters(int index, long units, long refused, long reverse) {}
}
