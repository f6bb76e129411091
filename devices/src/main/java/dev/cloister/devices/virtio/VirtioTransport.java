package dev.cloister.devices.virtio;

import java.util.List;

/** What shows a device to the guest. Any thread. Owns the threads of the device's queues. */
public interface VirtioTransport extends AutoCloseable {
    /** Starts the threads of the queues; once, before the guest runs. */
    void start();

    /**
     * What the device said, and why it stopped.
     *
     * @return a bounded number of lines
     */
    List<String> notes();

    /** Stops the queues and waits for their threads; the requests being served end first. */
    @Override
    void close();
}
