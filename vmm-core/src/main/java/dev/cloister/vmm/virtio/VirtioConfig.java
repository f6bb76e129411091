package dev.cloister.vmm.virtio;

import java.util.List;

/**
 * Which virtio devices a machine has.
 *
 * @param entropy whether there is an entropy device
 * @param disks the disks, in the order in which the guest finds them
 */
public record VirtioConfig(boolean entropy, List<DiskConfig> disks) {
    /** An entropy device and nothing else. */
    public static final VirtioConfig DEFAULT = new VirtioConfig(true, List.of());

    /**
     * Copies the list.
     *
     * @param entropy whether there is an entropy device
     * @param disks the disks
     */
    public VirtioConfig {
        disks = List.copyOf(disks);
    }
}
