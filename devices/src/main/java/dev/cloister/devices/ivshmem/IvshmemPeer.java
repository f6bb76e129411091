package dev.cloister.devices.ivshmem;

/** What is behind a function's registers. */
@FunctionalInterface
public interface IvshmemPeer {
    /**
     * The guest wrote the doorbell register. On the vCPU's thread; must not wait.
     *
     * @param peer whom it wants to signal, 0 to 65535, as the guest wrote it
     * @param vector which of that peer's vectors, 0 to 65535, as the guest wrote it
     */
    void ring(int peer, int vector);

    /** The machine is reset: whatever the guest asked for is forgotten. While no processor runs. */
    default void reset() {
        // Most remember nothing.
    }
}
