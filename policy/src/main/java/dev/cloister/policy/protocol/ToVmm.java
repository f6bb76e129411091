package dev.cloister.policy.protocol;

/** A message from the policy daemon to a VMM process; {@link VmmCodec} is its wire form. */
public sealed interface ToVmm {
    /**
     * First message, after {@link FromVmm.Confined}: builds the machine. Carries descriptors, see {@link DomainConfig}. Answered by {@link FromVmm.Ready}.
     *
     * @param domain the domain to be
     */
    record Configure(DomainConfig domain) implements ToVmm {}

    /**
     * Hands over one end of a channel. Descriptors: memory {@code memfd, eventfd}; event {@code eventfd}; stream
     * {@code pipe end, credit eventfd}; datagram {@code pipe end, eventfd of losses}; log {@code pipe end}. A reader's memfd can't be mapped writable. Answered by {@link FromVmm.Attached}, a
     * writer's only once its window is mapped, because the daemon then seals the file against further writable mappings. May
     * come at any time, and again after a {@link Revoke}.
     *
     * @param index position of the channel in the directory
     * @param role OUT for the writing or signalling end, IN for the other
     * @param epoch which opening of the channel this is: 1 or more, the same at both ends, above every earlier one
     */
    record Attach(int index, Direction role, int epoch) implements ToVmm {}

    /** Lets the vCPUs run; answered by {@link FromVmm.Started}. */
    record Start() implements ToVmm {}

    /** Stops the vCPUs so that they can go on; answered by a {@link FromVmm.Status}. */
    record Pause() implements ToVmm {}

    /** Undoes {@link Pause}; answered by a {@link FromVmm.Status}. */
    record Resume() implements ToVmm {}

    /**
     * Presses the guest's power button: a guest that listens shuts down in order and ends as if by itself; one that doesn't is ended as by
     * {@link Stop}.
     */
    record PressPowerButton() implements ToVmm {}

    /** Ends the domain; answered by {@link FromVmm.Exited} and the end of the process. */
    record Stop() implements ToVmm {}

    /**
     * Takes a channel away: the VMM unmaps the window or closes the end, and sets the entry's state to severed.
     * Answered by {@link FromVmm.Revoked}, also where the channel was not live.
     *
     * @param index position of the channel in the directory
     * @param epoch the opening that is taken away
     */
    record Revoke(int index, int epoch) implements ToVmm {}

    /**
     * Answers a {@link FromVmm.Request}.
     *
     * @param requestId the request's number
     * @param status outcome
     * @param index position in the directory if granted, otherwise 0
     * @param reason one sentence for the guest, at most {@link VmmCodec#MAX_REASON} bytes
     */
    record Answer(long requestId, AnswerStatus status, int index, String reason) implements ToVmm {}

    /**
     * Adds a channel to the directory, at any time, or puts another in a place whose channel is not live: the VMM makes its window and
     * writes its entry, severed and of epoch 0, before any {@link Attach} for that place. Not answered.
     *
     * @param channel its place is at most one behind the last
     */
    record Declare(ChannelConfig channel) implements ToVmm {}

    /**
     * Changes the size of the guest's balloon, or only asks for it; answered by one {@link FromVmm.Balloon} once the guest has told of its
     * memory, or without that where it doesn't in time. A domain without a balloon answers that nothing is in it.
     *
     * @param bytes how much of its memory the guest shall give back in all, at most its memory; {@link #NO_CHANGE} only to ask
     */
    record SetBalloon(long bytes) implements ToVmm {
        /** The size stays. */
        public static final long NO_CHANGE = -1;
    }

    /** Asks for a {@link FromVmm.Status} now. */
    record Query() implements ToVmm {}
}
