package dev.cloister.vmm.virtio;

import dev.cloister.devices.pci.MsiSink;
import dev.cloister.devices.pci.PciHost;
import dev.cloister.devices.virtio.VirtioDevice;
import dev.cloister.devices.virtio.VirtioPci;
import dev.cloister.devices.virtio.block.BlockDevice;
import dev.cloister.devices.virtio.block.DiskSettings;
import dev.cloister.devices.virtio.rng.RngDevice;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.vmm.vsock.VsockEnds;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The virtio devices of one machine, in the order of their slots: entropy first, then the disks, then the sockets. Owns their threads and files. */
public final class VirtioSet implements AutoCloseable {
    private final List<VirtioPci> transports = new ArrayList<>();
    private final List<DiskConfig> disks;
    private final Optional<VsockEnds> sockets;

    /**
     * Puts the devices on the bus; nothing runs yet.
     *
     * @param devices which
     * @param pci the bus
     * @param memory the guest's memory
     * @param sink where message-signalled interrupts go
     * @throws IllegalArgumentException if a device's settings are wrong or the bus is full
     */
    public VirtioSet(VirtioConfig devices, PciHost pci, GuestMemory memory, MsiSink sink) {
        disks = devices.disks();
        if (devices.entropy()) {
            add(new RngDevice(new HostEntropy()), pci, memory, sink);
        }
        for (int i = 0; i < disks.size(); i++) {
            add(disk(i, disks.get(i)), pci, memory, sink);
        }
        sockets = devices.sockets().map(socket -> new VsockEnds(socket.guestCid(), socket.broker()));
        sockets.ifPresent(ends -> add(ends.device(), pci, memory, sink));
    }

    private static BlockDevice disk(int number, DiskConfig disk) {
        String name = "disk " + number;
        String serial = disk.serial().isEmpty() ? "cloister-disk-" + number : disk.serial();
        return new BlockDevice(
                new DiskFile(disk.file(), disk.readOnly()),
                new DiskSettings(name, serial, disk.queues(), disk.bytesPerSecond(), disk.requestsPerSecond()));
    }

    private void add(VirtioDevice device, PciHost pci, GuestMemory memory, MsiSink sink) {
        VirtioPci transport = new VirtioPci(device, memory, sink);
        pci.attach(transport.function());
        transports.add(transport);
    }

    /** Starts the devices' threads; once, before the guest runs. */
    public void start() {
        transports.forEach(VirtioPci::start);
        sockets.ifPresent(VsockEnds::start);
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
        transports.forEach(VirtioPci::close);
        disks.forEach(disk -> disk.file().close());
        sockets.ifPresent(VsockEnds::close);
    }
}
