package dev.cloister.vmm.virtio;

import dev.cloister.devices.virtio.VirtioDevice;
import dev.cloister.devices.virtio.block.BlockDevice;
import dev.cloister.devices.virtio.block.DiskSettings;
import dev.cloister.devices.virtio.net.MacAddress;
import dev.cloister.devices.virtio.net.NetDevice;
import dev.cloister.devices.virtio.net.NetSettings;
import dev.cloister.devices.virtio.pmem.PmemDevice;
import dev.cloister.policy.channel.WireFrame;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.vmm.channel.DeviceEnd;
import dev.cloister.vmm.channel.DeviceEnds;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;
import org.jspecify.annotations.Nullable;

/**
 * The devices that a domain's flows of kind {@code disk} and {@code wire} give its guest: ranges of persistent memory, one for each disk of
 * the policy that flows join it with, then one network interface for each domain or tap, both in the order of the flows. The devices are there as long as the guest; what is behind them comes and goes with the channels.
 */
public final class ChannelDevices {
    private static final String DISK = "@disk:";

    private final DeviceEnds ends = new DeviceEnds();
    private final List<VirtioDevice> devices = new ArrayList<>();

    /**
     * Makes the devices.
     *
     * @param domain the domain's name, of which its interfaces' addresses are made
     * @param channels the domain's channels, in the order of its directory
     * @param ranges those of its disks that are persistent memory
     */
    public ChannelDevices(String domain, List<ChannelConfig> channels, List<GrantedRange> ranges) {
        SequencedSet<String> disks = peers(FlowKind.DISK, channels);
        for (int i = 0; i < ranges.size(); i++) {
            memory(i, ranges.get(i));
            disks.remove(ranges.get(i).name());
        }
        disks.forEach(peer -> disk(peer, channels));
        peers(FlowKind.WIRE, channels).forEach(peer -> wire(domain, peer));
    }

    private static SequencedSet<String> peers(FlowKind kind, List<ChannelConfig> channels) {
        SequencedSet<String> peers = new LinkedHashSet<>();
        for (ChannelConfig channel : channels) {
            if (channel.kind() == kind) {
                peers.add(channel.peer());
            }
        }
        return peers;
    }

    private void disk(String peer, List<ChannelConfig> channels) {
        GrantedDisk disk = new GrantedDisk(peer, has(channels, Direction.IN, peer), has(channels, Direction.OUT, peer));
        add(Direction.IN, peer, disk.reading());
        add(Direction.OUT, peer, disk.writing());
        String name = peer.startsWith(DISK) ? peer.substring(DISK.length()) : peer;
        String serial = name.substring(0, Math.min(name.length(), DiskSettings.SERIAL_BYTES));
        BlockDevice device = new BlockDevice(disk, new DiskSettings("disk " + name, serial, 1, 0, 0));
        disk.onSize(device::sizeChanged);
        devices.add(device);
    }

    private void memory(int number, GrantedRange range) {
        add(Direction.IN, range.name(), range.reading());
        add(Direction.OUT, range.name(), range.writing());
        long bytes = range.segment().byteSize();
        devices.add(new PmemDevice("pmem " + number, range.gpa(), bytes, range::flush));
    }

    private void wire(String domain, String peer) {
        GrantedWire wire = new GrantedWire(peer);
        ends.add(FlowKind.WIRE, Direction.IN, peer, wire.receiving());
        ends.add(FlowKind.WIRE, Direction.OUT, peer, wire.sending());
        MacAddress address = MacAddress.of(domain + " " + peer);
        NetDevice device = new NetDevice(wire, new NetSettings("wire " + peer, address, WireFrame.MTU, 0));
        wire.start(device);
        devices.add(device);
    }

    private void add(Direction direction, String peer, @Nullable DeviceEnd end) {
        if (end != null) {
            ends.add(FlowKind.DISK, direction, peer, end);
        }
    }

    private static boolean has(List<ChannelConfig> channels, Direction direction, String peer) {
        return channels.stream()
                .anyMatch(c -> c.kind() == FlowKind.DISK
                        && c.direction() == direction
                        && c.peer().equals(peer));
    }

    /**
     * The devices.
     *
     * @return in the order in which the guest finds them
     */
    public List<VirtioDevice> devices() {
        return List.copyOf(devices);
    }

    /**
     * What the channels attach to.
     *
     * @return their ends
     */
    public DeviceEnds ends() {
        return ends;
    }
}
