package dev.cloister.vmm.virtio;

import dev.cloister.devices.ByteSink;
import dev.cloister.devices.pci.MsiSink;
import dev.cloister.devices.pci.PciHost;
import dev.cloister.devices.virtio.QueueBell;
import dev.cloister.devices.virtio.VirtioDevice;
import dev.cloister.devices.virtio.VirtioPci;
import dev.cloister.devices.virtio.VirtioTransport;
import dev.cloister.devices.virtio.block.BlockDevice;
import dev.cloister.devices.virtio.block.DiskSettings;
import dev.cloister.devices.virtio.net.NetDevice;
import dev.cloister.devices.virtio.pmem.PmemDevice;
import dev.cloister.devices.virtio.rng.RngDevice;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.Region;
import dev.cloister.vmm.channel.SocketCarrier;
import dev.cloister.vmm.channel.Violations;
import dev.cloister.vmm.console.ConsoleEnds;
import dev.cloister.vmm.vsock.SocketNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The virtio devices of one machine, in the order of their slots: entropy first, then the disks, the networks, the sockets, the balloon,
 * persistent memory, the console. Owns their threads and files. */
public final class VirtioSet implements AutoCloseable {
    /**
     * What the devices are connected to.
     *
     * @param pci the bus
     * @param memory the guest's memory
     * @param sink where message-signalled interrupts go
     * @param bells makes the doorbell of a queue
     * @param windows where the devices are that aren't on the PCI bus, or null: then all are
     */
    public record Place(
            PciHost pci,
            GuestMemory memory,
            MsiSink sink,
            Supplier<QueueBell> bells,
            @Nullable VirtioWindows windows) {}

    private final Place place;
    private final List<VirtioTransport> transports = new ArrayList<>();
    private final List<DiskConfig> disks;
    private final List<NetConfig> networks;
    private final List<Runnable> starts = new ArrayList<>();
    private final Optional<SocketNode> sockets;
    private final Optional<Balloon> balloon;
    private final List<PmemConfig> persistent;
    private final Optional<ConsoleEnds> console;

    /**
     * Puts the devices on the bus; nothing runs yet.
     *
     * @param devices which
     * @param place where to
     * @param violations hears of connections that no flow allows
     * @throws IllegalArgumentException if a device's settings are wrong or the bus is full
     */
    public VirtioSet(VirtioConfig devices, Place place, Violations violations) {
        this.place = place;
        GuestMemory memory = place.memory();
        disks = devices.disks();
        if (devices.entropy()) {
            add(new RngDevice(new HostEntropy()));
        }
        for (int i = 0; i < disks.size(); i++) {
            add(disk(i, disks.get(i)));
        }
        networks = devices.networks();
        for (int i = 0; i < networks.size(); i++) {
            TapPort port = networks.get(i).port();
            NetDevice device = new NetDevice(port, networks.get(i).settings(i));
            add(device);
            starts.add(() -> port.start(device));
        }
        sockets = devices.sockets().map(socket -> new SocketNode(socket.guestCid(), socket.broker(), violations));
        sockets.ifPresent(ends -> add(ends.device()));
        balloon = devices.memory().balloon().map(wanted -> balloon(wanted, memory));
        balloon.ifPresent(inflated -> add(inflated.device()));
        persistent = devices.memory().persistent();
        for (int i = 0; i < persistent.size(); i++) {
            add(persistent(i, persistent.get(i), memory));
        }
        console = devices.console().map(ConsoleEnds::new);
        console.ifPresent(ends -> add(ends.device()));
    }

    private static Balloon balloon(BalloonConfig wanted, GuestMemory memory) {
        Balloon balloon = new Balloon(new HostPages(memory));
        balloon.setTarget(wanted.bytes());
        return balloon;
    }

    private static PmemDevice persistent(int number, PmemConfig range, GuestMemory memory) {
        String name = PmemConfig.rangeName(number);
        Region region = memory.regions().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(name + " isn't in the guest's memory"));
        return new PmemDevice("pmem " + number, region.gpa(), region.size(), range::flush);
    }

    private static BlockDevice disk(int number, DiskConfig disk) {
        String name = "disk " + number;
        String serial = disk.serial().isEmpty() ? "cloister-disk-" + number : disk.serial();
        return new BlockDevice(
                new DiskFile(disk.file(), disk.readOnly()),
                new DiskSettings(name, serial, disk.queues(), disk.bytesPerSecond(), disk.requestsPerSecond()));
    }

    /**
     * Puts a further device behind the others; before {@link #start}.
     *
     * @param device the device
     */
    public void add(VirtioDevice device) {
        VirtioWindows windows = place.windows();
        transports.add(windows == null ? onPci(device) : windows.add(device, place.memory(), place.bells()));
    }

    private VirtioTransport onPci(VirtioDevice device) {
        VirtioPci transport = new VirtioPci(device, place.memory(), place.sink(), place.bells());
        place.pci().attach(transport.function());
        return transport;
    }

    /** Returns who carries connections to other guests; nothing where there is no socket device. */
    public Optional<SocketCarrier> carrier() {
        return sockets.map(SocketNode::carrier);
    }

    /**
     * The operator's side of the balloon.
     *
     * @return nothing if the guest has none
     */
    public Optional<Balloon> balloon() {
        return balloon;
    }

    /** Starts the devices' threads; once, before the guest runs. */
    public void start() {
        transports.forEach(VirtioTransport::start);
        starts.forEach(Runnable::run);
        sockets.ifPresent(SocketNode::start);
        console.ifPresent(ConsoleEnds::start);
    }

    /**
     * Has somebody else see what the guest says on the console device's terminal.
     *
     * @param watcher gets each byte; must not wait
     */
    public void watchConsole(ByteSink watcher) {
        console.ifPresent(ends -> ends.watch(watcher));
    }

    /**
     * What the devices said.
     *
     * @return a bounded number of lines
     */
    public List<String> notes() {
        List<String> notes = new ArrayList<>();
        transports.forEach(transport -> notes.addAll(transport.notes()));
        return notes;
    }

    /** Ends the devices' threads, then closes the files. Guest memory must still be there. */
    @Override
    public void close() {
        transports.forEach(VirtioTransport::close);
        disks.forEach(disk -> disk.file().close());
        networks.forEach(network -> network.port().close());
        sockets.ifPresent(SocketNode::close);
        persistent.forEach(range -> range.file().close());
        console.ifPresent(ConsoleEnds::close);
    }
}
