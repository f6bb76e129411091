package dev.cloister.devices.virtio;

/**
 * A device model behind a virtio transport.
 *
 * <p>The transport calls {@link #notified} on the queue's own thread, one call at a time for each queue; different queues in parallel.
 * {@link #config} and {@link #writeConfig} come from processors' threads and must not wait. Between {@link #reset} and the next
 * {@link #activate} no queue is served.
 */
public interface VirtioDevice {
    /**
     * What doesn't change about it.
     *
     * @return the same each time
     */
    DeviceTraits traits();

    /**
     * The device type's feature bits that are offered.
     *
     * @return bits 0 to 23 and 50 on; the others are the transport's
     */
    long features();

    /**
     * The device's configuration, as the driver reads it now.
     *
     * @return up to 4096 bytes; the same object each time
     */
    ConfigSpace config();

    /**
     * Writes the device's configuration.
     *
     * @param offset first byte; {@code offset + size} is within {@link #config}
     * @param size 1, 2, 4 or 8
     * @param value the value
     */
    default void writeConfig(int offset, int size, long value) {
        // Most have nothing to write.
    }

    /**
     * The driver is ready.
     *
     * @param features what was negotiated
     * @param host what the device may ask of its transport
     */
    void activate(long features, DeviceHost host);

    /**
     * There may be requests: pops until there are no more, or until the device has no use for one.
     *
     * @param number which queue
     * @param queue the queue
     * @throws QueueException if a request breaks the rules so that no answer is possible
     */
    void notified(int number, VirtQueue queue);

    /** All queues have stopped: forgets what the driver had set. */
    void reset();
}
