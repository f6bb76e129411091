package dev.cloister.devices;

/** Where a device's output bytes go. Called on vCPU threads, one at a time per device. */
@FunctionalInterface
public interface ByteSink {
    /** A sink that drops everything. */
    ByteSink NONE = value -> true;

    /**
     * Takes a byte. It must come back within a bounded time whatever the host side does, since the guest's processor waits for it.
     *
     * @param value the byte
     * @return false if the byte was dropped
     */
    boolean put(byte value);
}
