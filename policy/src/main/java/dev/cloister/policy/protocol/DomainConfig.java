package dev.cloister.policy.protocol;

import dev.cloister.policy.model.DaemonLoss;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.model.VirtioBus;
import java.util.List;
import java.util.UUID;

/**
 * Everything that a VMM process is told about its domain. What it may use comes as descriptors beside it, in the order
 * {@code kvm, kernel or firmware, initrd (if initrd), serial out, serial in (if serialIn)}; there is no {@code kvm} for the engine
 * {@code emulated}, nor for {@code auto} where the host has none to give.
 *
 * @param identity who the domain is
 * @param processor its virtual CPUs and what executes them
 * @param memory its RAM
 * @param boot what it boots
 * @param devices what devices it has beside those that every guest has
 * @param serialIn whether a descriptor of serial input follows that of serial output
 * @param channels channels in directory order: the entry at position i has index i
 * @param onDaemonLoss what to do with live channels when the control socket ends
 */
public record DomainConfig(
        Identity identity,
        Processor processor,
        Memory memory,
        Boot boot,
        Devices devices,
        boolean serialIn,
        List<ChannelConfig> channels,
        DaemonLoss onDaemonLoss) {

    /**
     * Who the domain is.
     *
     * @param id the domain's identity on the directory page
     * @param name name, 1 to {@link VmmCodec#MAX_NAME} bytes of printable ASCII
     * @param label label in readable form, for reports only
     */
    public record Identity(UUID id, String name, String label) {}

    /**
     * The virtual CPUs.
     *
     * @param cpus how many, 1 to {@link VmmCodec#MAX_CPUS}
     * @param engine what shall execute the guest
     * @param model the processor that the guest is shown, such as {@code x86-64-v2,+aes,-x2apic}; empty: the engine's own
     * @param pin host CPUs that the virtual CPUs may run on, at most {@link VmmCodec#MAX_PINNED}; empty: any
     */
    public record Processor(int cpus, Engine engine, String model, List<Integer> pin) {
        /** Copies the list. */
        public Processor {
            pin = List.copyOf(pin);
        }
    }

    /**
     * Guest RAM.
     *
     * @param bytes its size in bytes, a multiple of 4096
     * @param prefault whether all of it is touched before the guest starts
     */
    public record Memory(long bytes, boolean prefault) {}

    /**
     * What is booted.
     *
     * @param imageName file name of the kernel or firmware, for messages only: the VMM can't open it
     * @param commandLine command line of the kernel, possibly empty
     * @param firmware whether the image is firmware and not a kernel
     * @param initrd whether a descriptor of an initrd follows the kernel's
     */
    public record Boot(String imageName, String commandLine, boolean firmware, boolean initrd) {}

    /**
     * What devices it has beside those that every guest has, and where they all are.
     *
     * @param bus where the guest finds its virtio devices
     * @param socketCid context id of its socket device; 0 where it has none
     * @param balloonBytes how much memory its balloon asks of the guest at first; {@link #NO_BALLOON} where it has none
     * @param persistent ranges of persistent memory, in the order in which the guest finds them
     */
    public record Devices(VirtioBus bus, long socketCid, long balloonBytes, List<PersistentRange> persistent) {
        /** It has no balloon. */
        public static final long NO_BALLOON = -1;

        /** None. */
        public static final Devices NONE = new Devices(VirtioBus.PCI, 0, NO_BALLOON, List.of());

        /** Copies the list. */
        public Devices {
            persistent = List.copyOf(persistent);
        }
    }

    /**
     * A range of persistent memory. What is behind it comes with the channels of kind {@code disk} that join the domain with it.
     *
     * @param peer what the policy calls it, 1 to {@link VmmCodec#MAX_NAME} bytes of printable ASCII
     * @param bytes how long it is, a multiple of {@link #ALIGNMENT}, at most {@link #MOST_BYTES}
     * @param writable whether the domain has a flow to it
     * @param shared whether other domains may write it meanwhile
     */
    public record PersistentRange(String peer, long bytes, boolean writable, boolean shared) {
        /** What a range's size is a multiple of: what Linux makes its own pages of. */
        public static final long ALIGNMENT = 2L << 20;

        /** The longest range: 512 GiB. */
        public static final long MOST_BYTES = 512L << 30;
    }

    /** Copies the list, so that a configuration never changes. */
    public DomainConfig {
        channels = List.copyOf(channels);
    }

    /** The same domain, executed by another engine. */
    public DomainConfig withEngine(Engine other) {
        Processor executed = new Processor(processor.cpus(), other, processor.model(), processor.pin());
        return new DomainConfig(identity, executed, memory, boot, devices, serialIn, channels, onDaemonLoss);
    }
}
