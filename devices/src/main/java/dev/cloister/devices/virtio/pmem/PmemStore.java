package dev.cloister.devices.virtio.pmem;

import java.io.IOException;

/** What is behind a range of persistent memory. */
@FunctionalInterface
public interface PmemStore {
    /**
     * Makes everything durable that the guest has written to the range.
     *
     * @throws IOException if that is not certain; the message says what failed
     */
    void flush() throws IOException;
}
