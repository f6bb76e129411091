package dev.cloister.policy.protocol;

import dev.cloister.policy.model.DaemonLoss;
import dev.cloister.policy.model.Engine;
import java.util.List;
import java.util.UUID;

/**
 * Everything that a VMM process is told about its domain. What it may use comes as descriptors beside it, in the order
 * {@code kvm, kernel or firmware, initrd (if initrd), serial out, serial in (if serialIn)}; there is no {@code kvm} for the engine
 * {@code emulated}, nor for {@code auto} where the host has none to give.
 *
 * @param id identity of the domain
 * @param name name, 1 to {@link VmmCodec#MAX_NAME} bytes of printable ASCII
 * @param label label in readable form, for reports only
 * @param memoryBytes guest RAM in bytes, a multiple of 4096
 * @param cpus virtual CPUs, 1 to {@link VmmCodec#MAX_CPUS}
 * @param engine what shall execute the guest
 * @param kernelName file name of the kernel, for messages only: the VMM can't open it
 * @param commandLine command line of the kernel, possibly empty
 * @param initrd whether a descriptor of an initrd follows the kernel's
 * @param serialIn whether a descriptor of serial input follows that of serial output
 * @param onDaemonLoss what to do with live channels when the control socket ends
 * @param channels channels in directory order: the entry at position i has index i
 * @param placement what is booted and where it may run
 */
public record DomainConfig(
        UUID id,
        String name,
        String label,
        long memoryBytes,
        int cpus,
        Engine engine,
        String kernelName,
        String commandLine,
        boolean initrd,
        boolean serialIn,
        DaemonLoss onDaemonLoss,
        List<ChannelConfig> channels,
        Placement placement) {

    /**
     * What is booted and where it may run.
     *
     * @param firmware whether the image is firmware and not a kernel
     * @param prefault whether all guest memory is touched before the guest starts
     * @param pin host CPUs that the virtual CPUs may run on, at most {@link VmmCodec#MAX_PINNED}; empty: any
     * @param cpuModel the processor that the guest is shown, such as {@code x86-64-v2,+aes,-x2apic}; empty: the engine's own
     */
    public record Placement(boolean firmware, boolean prefault, List<Integer> pin, String cpuModel) {
        /** A kernel that may run anywhere. */
        public static final Placement PLAIN = new Placement(false, false, List.of(), "");

        /** Copies the list. */
        public Placement {
            pin = List.copyOf(pin);
        }
    }

    /** Copies the list, so that a configuration never changes. */
    public DomainConfig {
        channels = List.copyOf(channels);
    }

    /** The same domain, executed by another engine. */
    public DomainConfig withEngine(Engine other) {
        return new DomainConfig(
                id,
                name,
                label,
                memoryBytes,
                cpus,
                other,
                kernelName,
                commandLine,
                initrd,
                serialIn,
                onDaemonLoss,
                channels,
                placement);
    }

    /** A kernel that may run anywhere. */
    public DomainConfig(
            UUID id,
            String name,
            String label,
            long memoryBytes,
            int cpus,
            Engine engine,
            String kernelName,
            String commandLine,
            boolean initrd,
            boolean serialIn,
            DaemonLoss onDaemonLoss,
            List<ChannelConfig> channels) {
        this(
                id,
                name,
                label,
                memoryBytes,
                cpus,
                engine,
                kernelName,
                commandLine,
                initrd,
                serialIn,
                onDaemonLoss,
                channels,
                Placement.PLAIN);
    }
}
