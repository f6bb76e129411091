package dev.cloister.cli.run;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.policy.model.VirtioBus;
import dev.cloister.vmm.Machine;
import dev.cloister.vmm.virtio.DiskConfig;
import dev.cloister.vmm.virtio.NetConfig;
import dev.cloister.vmm.virtio.VirtioConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that say which virtio devices a guest has. */
final class DeviceOptionGroup {
    @Option(
            names = "--disk",
            paramLabel = "FILE[,ro][,serial=S][,queues=N][,limit=SIZE][,iops=N]",
            converter = DiskOption.Converter.class,
            description = "a disk on a raw image: read-only with ro; limit is bytes a second, iops requests a second; "
                    + "may be given several times")
    private List<DiskOption> disks = List.of();

    @Option(
            names = "--virtio",
            paramLabel = "WHERE",
            description =
                    "where the guest finds its virtio devices: pci, or mmio for kernels without PCI, such as those of"
                            + " microVMs, which are told by ACPI and on their command line (default: pci)")
    private VirtioBus bus = VirtioBus.PCI;

    @Option(names = "--no-rng", description = "leave out the device that gives the guest random bytes")
    private boolean noEntropy;

    @Option(
            names = "--vsock",
            paramLabel = "cid=N,socket=PATH",
            converter = SocketOption.Converter.class,
            description =
                    "a socket device: programs connect at PATH with the line CONNECT port; the guest's connections to "
                            + "port P of the host reach who listens at PATH_P")
    private SocketOption sockets;

    @Option(
            names = "--net",
            paramLabel = "tap=NAME[,mac=A][,limit=SIZE][,offload=off][,mtu=N]",
            converter = NetOption.Converter.class,
            description = "a network device on a tap of this host: mac is the guest's address, limit bytes a second in "
                    + "each direction; offload=off has the guest complete each frame; may be given several times")
    private List<NetOption> networks = List.of();

    @Mixin
    private MemoryOptionGroup memory;

    private VirtioConfig virtio = VirtioConfig.DEFAULT;

    /** Where the guest finds them. */
    VirtioBus bus() {
        return bus;
    }

    /** What {@link #open} opened. */
    VirtioConfig opened() {
        return virtio;
    }

    /** Begins to follow what the operator asks of the running machine's devices. */
    void attend(Machine machine, Consumer<String> tell) {
        memory.attend(machine.balloon(), tell);
    }

    /** Opens what the options name, behind the disks of the image that is booted. */
    VirtioConfig open(List<Path> ofImage) throws CommandFailure {
        List<DiskConfig> images = new ArrayList<>();
        for (Path disk : ofImage) {
            images.add(new DiskOption(disk, false, new DiskConfig.Look("", 1, 0, 0)).open());
        }
        for (DiskOption disk : disks) {
            images.add(disk.open());
        }
        List<NetConfig> taps = new ArrayList<>();
        for (NetOption network : networks) {
            taps.add(network.open());
        }
        virtio = new VirtioConfig(!noEntropy, images, sockets == null ? Optional.empty() : Optional.of(sockets.open()))
                .withNetworks(taps)
                .withMemory(memory.open());
        return virtio;
    }

    /**
     * One disk as it was given.
     *
     * @param path its image
     * @param readOnly whether the guest may not write
     * @param settings the rest
     */
    record DiskOption(Path path, boolean readOnly, DiskConfig.Look settings) {
        private DiskConfig open() throws CommandFailure {
            try {
                return DiskConfig.open(path, readOnly, settings);
            } catch (IOException | IllegalArgumentException e) {
                throw new CommandFailure(ExitCodes.BAD_INPUT, e.getMessage(), e);
            }
        }

        /** Reads the option's text. */
        static final class Converter implements ITypeConverter<DiskOption> {
            private static final String FORM =
                    "FILE, then ro, serial=S, queues=N, limit=SIZE or iops=N (a path can't hold a comma)";
            private static final long MOST = 999_999_999;

            @Override
            public DiskOption convert(String text) {
                OptionParts parts = OptionParts.behind(text, FORM);
                return parts.end(() -> new DiskOption(
                        Path.of(parts.head()),
                        parts.flag("ro"),
                        new DiskConfig.Look(
                                parts.text("serial").orElse(""),
                                (int) parts.number("queues", MOST, 1),
                                parts.size("limit"),
                                parts.number("iops", MOST, 0))));
            }
        }
    }
}
