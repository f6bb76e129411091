package dev.cloister.vmm.config;

/**
 * What a machine tells whoever runs it. Called on vCPU or relay threads: an implementation returns quickly and never blocks on the
 * guest's behalf. Calls that a guest can provoke are limited to a few per second before they arrive here.
 */
public interface MachineEvents {
    /** Hears nothing and refuses every request. */
    MachineEvents NONE = new MachineEvents() {};

    /**
     * The guest's first instruction is about to run.
     *
     * @param nanoTime the moment, as {@link System#nanoTime()}
     */
    default void firstInstruction(long nanoTime) {}

    /**
     * The state changed.
     *
     * @param state the new state
     */
    default void stateChanged(MachineState state) {}

    /**
     * The guest tried what it may not.
     *
     * @param violation what it was
     */
    default void violation(Violation violation) {}

    /**
     * The guest asks for a channel. Whoever returns true answers later with {@code Machine.answer}; false refuses at once.
     *
     * @param request what it asks for
     * @return whether an answer will follow
     */
    default boolean request(ChannelRequest request) {
        return false;
    }
}
