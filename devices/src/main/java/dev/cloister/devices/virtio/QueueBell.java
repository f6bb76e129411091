package dev.cloister.devices.virtio;

/**
 * The doorbell of one queue: rung by the driver and by the device's other side, heard by the queue's own thread. A host that can ring it
 * for the guest without a visit to the device is told where it is.
 */
public interface QueueBell extends AutoCloseable {
    /** Nowhere: see {@link #place}. */
    long NOWHERE = -1;

    /** Whatever is written: see {@link #place}. */
    int ANY_VALUE = -1;

    /**
     * A bell that only this process rings.
     *
     * @return a new one
     */
    static QueueBell parking() {
        return new ParkingBell();
    }

    /** Rings; cheap, never waits. Any thread, also after {@link #close}, when nobody hears it. */
    void ring();

    /**
     * Whether it was rung since the last call. One thread at a time.
     *
     * @return true once for any number of rings
     */
    boolean take();

    /** Waits until it is rung, perhaps less: {@link #take} tells. The queue's own thread. */
    void await();

    /**
     * Says where guests ring it, while they may. Rings that come by an exit count as well, so a host needs not do anything.
     *
     * @param gpa the guest-physical address that is written to, or {@link #NOWHERE}
     * @param value the 32-bit number, not negative, that has to be written there, or {@link #ANY_VALUE}, by an access of any width
     * @return empty, or why the host can't ring it: one line for the operator
     */
    String place(long gpa, int value);

    /** Gives back what the host holds for it; after the queue's thread has ended. */
    @Override
    void close();
}
