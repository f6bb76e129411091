package dev.cloister.devices.virtio;

import java.util.Collections;
import java.util.List;

/**
 * What doesn't change about a device.
 *
 * @param type the device type, its number in virtio 1.2, chapter 5
 * @param name what it is called in messages and threads, such as {@code disk 0}
 * @param classCode what kind of PCI function it is: a class code, 24 bits
 * @param queueSizes for each of its 1 to 64 queues the most descriptors, a power of two up to {@link VirtQueue#MAX_SIZE}
 */
public record DeviceTraits(int type, String name, int classCode, List<Integer> queueSizes) {
    /** Copies the list. */
    public DeviceTraits {
        queueSizes = List.copyOf(queueSizes);
    }

    /**
     * A device whose queues are alike.
     *
     * @param type the device type
     * @param name what it is called
     * @param classCode what kind of PCI function it is
     * @param queues how many queues there are
     * @param queueSize the most descriptors of each
     */
    public DeviceTraits(int type, String name, int classCode, int queues, int queueSize) {
        this(type, name, classCode, Collections.nCopies(queues, queueSize));
    }

    /**
     * How many queues there are.
     *
     * @return 1 to 64
     */
    public int queues() {
        return queueSizes.size();
    }
}
