package dev.cloister.vmm.virtio;

import java.util.List;
import java.util.Optional;

/**
 * Which virtio devices a machine has.
 *
 * @param entropy whether there is an entropy device
 * @param disks the disks, in the order in which the guest finds them
 * @param sockets the socket device, if there is one
 */
public record VirtioConfig(boolean entropy, List<DiskConfig> disks, Optional<SocketConfig> sockets) {
    /** An entropy device and nothing else. */
    public static final VirtioConfig DEFAULT = new VirtioConfig(true, List.of(), Optional.empty());

    /**
     * Copies the list.
     *
     * @param entropy whether there is an entropy device
     * @param disks the disks
     * @param sockets the socket device, if there is one
     */
    public VirtioConfig {
        disks = List.copyOf(disks);
    }

    /**
     * Devices without sockets.
     *
     * @param entropy whether there is an entropy device
     * @param disks the disks
     */
    public VirtioConfig(boolean entropy, List<DiskConfig> disks) {
        this(entropy, disks, Optional.empty());
    }
}
