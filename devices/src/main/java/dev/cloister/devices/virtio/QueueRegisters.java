package dev.cloister.devices.virtio;

/** What the driver has set for one queue, until it is ready. With the device's lock held. */
final class QueueRegisters {
    /** The vector that stands for none. */
    static final int NO_VECTOR = 0xffff;

    private final int maximum;
    int size;
    int vector;
    boolean enabled;
    long descriptors;
    long available;
    long used;

    QueueRegisters(int maximum) {
        this.maximum = maximum;
        reset();
    }

    void reset() {
        size = maximum;
        vector = NO_VECTOR;
        enabled = false;
        descriptors = 0;
        available = 0;
        used = 0;
    }

    /** The driver may make a queue smaller (virtio 1.2, 4.1.5.1.3); anything else is ignored. */
    void setSize(int wanted) {
        if (wanted > 0 && wanted <= maximum && Integer.bitCount(wanted) == 1) {
            size = wanted;
        }
    }

    VirtQueue.Place place() {
        return new VirtQueue.Place(size, descriptors, available, used);
    }
}
