package dev.cloister.vmm.virtio;

import dev.cloister.vmm.console.ConsoleConfig;
import java.util.List;
import java.util.Optional;

/**
 * Which virtio devices a machine has.
 *
 * @param entropy whether there is an entropy device
 * @param disks the disks, in the order in which the guest finds them
 * @param networks the network devices, in the order in which the guest finds them
 * @param sockets the socket device, if there is one
 * @param memory the devices that are about memory
 * @param console the console device, if there is one
 */
public record VirtioConfig(
        boolean entropy,
        List<DiskConfig> disks,
        List<NetConfig> networks,
        Optional<SocketConfig> sockets,
        MemoryConfig memory,
        Optional<ConsoleConfig> console) {
    /** An entropy device and nothing else. */
    public static final VirtioConfig DEFAULT = new VirtioConfig(true, List.of(), Optional.empty());

    /**
     * Copies the lists.
     *
     * @param entropy whether there is an entropy device
     * @param disks the disks
     * @param networks the network devices
     * @param sockets the socket device, if there is one
     * @param memory the devices that are about memory
     * @param console the console device, if there is one
     */
    public VirtioConfig {
        disks = List.copyOf(disks);
        networks = List.copyOf(networks);
    }

    /**
     * Devices without networks and console.
     *
     * @param entropy whether there is an entropy device
     * @param disks the disks
     * @param sockets the socket device, if there is one
     */
    public VirtioConfig(boolean entropy, List<DiskConfig> disks, Optional<SocketConfig> sockets) {
        this(entropy, disks, List.of(), sockets, MemoryConfig.NONE, Optional.empty());
    }

    /**
     * Devices without networks and sockets.
     *
     * @param entropy whether there is an entropy device
     * @param disks the disks
     */
    public VirtioConfig(boolean entropy, List<DiskConfig> disks) {
        this(entropy, disks, Optional.empty());
    }

    /**
     * The same devices with other networks.
     *
     * @param others the network devices
     * @return a copy
     */
    public VirtioConfig withNetworks(List<NetConfig> others) {
        return new VirtioConfig(entropy, disks, others, sockets, memory, console);
    }

    /**
     * The same devices with others that are about memory.
     *
     * @param others those
     * @return a copy
     */
    public VirtioConfig withMemory(MemoryConfig others) {
        return new VirtioConfig(entropy, disks, networks, sockets, others, console);
    }

    /**
     * The same devices with another console.
     *
     * @param other the console device, or none
     * @return a copy
     */
    public VirtioConfig withConsole(Optional<ConsoleConfig> other) {
        return new VirtioConfig(entropy, disks, networks, sockets, memory, other);
    }
}
