package dev.cloister.vmm.channel;

import dev.cloister.devices.PortDevice;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.policy.channel.DirectoryLayout;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.protocol.FromVmm.ChannelCounters;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The channels of one machine, in directory order: attaches what the daemon hands over, takes away what it revokes, counts. Any
 * thread. Also the port device behind doorbells that are not bound to an eventfd in the kernel.
 */
public final class ChannelSet implements PortDevice, AutoCloseable {
    /** The doorbell ports, and room for a 4-byte write to the last one. */
    public static final int PORTS = 34;

    /** Read by vCPU threads while the control thread adds to it. */
    private final List<ChannelEnd> channels = new CopyOnWriteArrayList<>();

    private final ChannelSignals wires;
    private final ChannelPages pages;
    private final Violations violations;
    private @Nullable SocketCarrier carrier;
    private final DeviceEnds devices;

    /**
     * The channels that the machine has from its beginning, none of them live.
     *
     * @param configs what they are, in directory order
     * @param wires how their signals reach the guest
     * @param pages their windows and the directory
     * @param violations told of what the guest tries
     * @param devices the guest's devices that channels are for
     */
    public ChannelSet(
            List<ChannelConfig> configs,
            ChannelSignals wires,
            ChannelPages pages,
            Violations violations,
            DeviceEnds devices) {
        this.devices = devices;
        this.wires = wires;
        this.pages = pages;
        this.violations = violations;
        for (ChannelConfig config : configs) {
            channels.add(new ChannelEnd(config, wires, pages, violations, devices.find(config)));
        }
    }

    /**
     * Says who carries the connections of the guest's socket device; before anything is attached.
     *
     * @param socketDevice who does
     */
    public void carriedBy(SocketCarrier socketDevice) {
        carrier = socketDevice;
        channels.forEach(channel -> socketDevice.declare(channel.config()));
    }

    /**
     * Puts a channel's end in place, for the first time or again after it was revoked.
     *
     * @param index position in the directory
     * @param role which end this is; must be as configured
     * @param epoch which opening of the channel this is, above every earlier one
     * @param fds memory: memfd, eventfd; event: eventfd; stream: pipe end, credit eventfd; disk: the file;
     *     wire: pipe end. What is kept is taken out
     *     of the list
     * @throws ChannelException if the channel or the descriptors are not as configured, or it is live
     * @throws ErrnoException where the host refuses
     */
    public void attach(int index, Direction role, int epoch, List<Fd> fds) throws ChannelException, ErrnoException {
        channel(index).attach(role, epoch, fds, carrier);
    }

    /**
     * Requires that a channel can be put in its place.
     *
     * @param channel what shall be put
     * @throws ChannelException if the place is live or beyond the next one
     */
    public void requireFree(ChannelConfig channel) throws ChannelException {
        int index = channel.index();
        if (index > channels.size()
                || index < channels.size() && channels.get(index).live()) {
            throw new ChannelException("declaration of channel " + channel.flow() + " in place " + index
                    + "; expected one that is not live, at most " + channels.size());
        }
    }

    /**
     * Puts a channel in its place, closed; its window is there.
     *
     * @param channel what it is
     * @param guestRuns whether the guest may have looked at its channels
     */
    public void put(ChannelConfig channel, boolean guestRuns) {
        ChannelEnd end = new ChannelEnd(channel, wires, pages, violations, devices.find(channel));
        if (guestRuns) {
            end.guestStarts();
        }
        if (channel.index() == channels.size()) {
            channels.add(end);
        } else {
            channels.set(channel.index(), end);
        }
        SocketCarrier socketDevice = carrier;
        if (socketDevice != null) {
            socketDevice.declare(channel);
        }
        pages.directoryDeclared(channel);
    }

    /** The guest's first instruction is about to run. */
    public void guestStarts() {
        channels.forEach(ChannelEnd::guestStarts);
    }

    /**
     * The epoch that follows a channel's last one.
     *
     * @param index position in the directory
     * @return above every earlier one
     * @throws ChannelException if there is no such channel
     */
    public int nextEpoch(int index) throws ChannelException {
        return channel(index).nextEpoch();
    }

    private ChannelEnd channel(int index) throws ChannelException {
        if (index < 0 || index >= channels.size()) {
            throw new ChannelException(
                    "channel index " + index + "; this domain has channels 0 to " + (channels.size() - 1));
        }
        return channels.get(index);
    }

    /**
     * Takes a channel away; when this returns, nothing passes through it any more. A channel that is not live stays so.
     *
     * @param index position in the directory
     * @throws ChannelException if there is no such channel
     * @throws ErrnoException where the host refuses
     */
    public void revoke(int index) throws ChannelException, ErrnoException {
        channel(index).sever();
    }

    /**
     * Takes every channel away.
     *
     * @throws ErrnoException where the host refuses
     */
    public void severAll() throws ErrnoException {
        for (ChannelEnd channel : channels) {
            channel.sever();
        }
    }

    /**
     * Severs the channels whose memory was taken away under them.
     *
     * @return whether there were any
     */
    public boolean severVanished() {
        boolean any = false;
        for (ChannelEnd channel : channels) {
            any |= channel.severIfVanished();
        }
        return any;
    }

    @Override
    public long read(int offset, int size) {
        return -1;
    }

    /** A doorbell that the kernel did not take: one that is counted, or none at all. Writes of another size than 4 do nothing. */
    @Override
    public void write(int offset, int size, long value) {
        if (size == Integer.BYTES) {
            ring(offset);
        }
    }

    /**
     * A guest rings a channel by other means than a port that the kernel takes. One without a doorbell is a violation.
     *
     * @param index position in the directory, or beyond
     */
    public void ring(int index) {
        if (index >= channels.size() || !channels.get(index).rung()) {
            violations.badDoorbell(DirectoryLayout.DOORBELL_PORT + index);
        }
    }

    /**
     * Counters of all channels.
     *
     * @return one entry for each, in directory order
     */
    public List<ChannelCounters> counters() {
        List<ChannelCounters> result = new ArrayList<>(channels.size());
        for (ChannelEnd channel : channels) {
            result.add(channel.counters());
        }
        return result;
    }

    @Override
    public void close() throws ErrnoException {
        severAll();
    }
}
