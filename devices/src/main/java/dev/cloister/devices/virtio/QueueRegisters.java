package dev.cloister.devices.virtio;

import java.util.Arrays;

/** What the driver has set for one queue, until it is ready. With the device's lock held. */
final class QueueRegisters {
    /** The vector that stands for none. */
    static final int NO_VECTOR = 0xffff;

    /** Areas of a queue: where the descriptors are, where the driver writes, where the device writes. */
    static final int DESCRIPTORS = 0;

    static final int DRIVER = 1;
    static final int DEVICE = 2;
    private static final int AREAS = 3;

    private final int maximum;
    private final long[] areas = new long[AREAS];
    int size;
    int vector;
    boolean enabled;

    QueueRegisters(int maximum) {
        this.maximum = maximum;
        reset();
    }

    void reset() {
        size = maximum;
        vector = NO_VECTOR;
        enabled = false;
        Arrays.fill(areas, 0);
    }

    /** The most descriptors that the device has room for. */
    int maximum() {
        return maximum;
    }

    /** The driver may make a queue smaller (virtio 1.2, 4.1.5.1.3); anything else is ignored. */
    void setSize(int wanted) {
        if (wanted > 0 && wanted <= maximum && Integer.bitCount(wanted) == 1) {
            size = wanted;
        }
    }

    /** Where an area is, guest-physical. */
    long area(int area) {
        return areas[area];
    }

    /** Replaces some bits of an area's address; the others of the value are 0. */
    void setArea(int area, long mask, long value) {
        areas[area] = areas[area] & ~mask | value;
    }

    /** Replaces half of an area's address: the low one for 0, the high one for 1. */
    void setHalf(int area, int half, int value) {
        int shift = Integer.SIZE * half;
        setArea(area, 0xffff_ffffL << shift, (value & 0xffff_ffffL) << shift);
    }

    VirtQueue.Place place() {
        return new VirtQueue.Place(size, areas[DESCRIPTORS], areas[DRIVER], areas[DEVICE]);
    }
}
