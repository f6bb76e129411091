package dev.cloister.vmm;

import dev.cloister.devices.PortDevice;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.policy.channel.ByteRing;
import dev.cloister.policy.channel.DirectoryLayout;
import dev.cloister.policy.channel.MemoryRing;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.protocol.FromVmm.ChannelCounters;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The channels of one machine: attaches what the daemon hands over, takes away what it revokes, keeps the directory page true, counts.
 * Any thread; one change at a time. Also the port device behind doorbells that are not bound to an eventfd in the kernel.
 */
final class ChannelSet implements PortDevice, AutoCloseable {
    /** The doorbell ports, and room for a 4-byte write to the last one. */
    static final int PORTS = 34;

    private static final int FIRST = 0;
    private static final int SECOND = 1;

    private final List<Channel> channels = new ArrayList<>();
    private final Engine engine;
    private final GuestRam ram;
    private final Violations violations;

    /** One channel; the descriptors are set while it is live. */
    private static final class Channel {
        private final ChannelConfig config;
        private final @Nullable RateLimit rate;
        private volatile boolean live;
        private boolean everLive;
        private volatile @Nullable EventFd bell;
        private @Nullable EventFd interrupt;
        private volatile @Nullable StreamRelay relay;
        private volatile long signals;
        private volatile long refused;
        /** What the ring's counter showed when the channel was taken away. */
        private long recordsAtEnd;

        Channel(ChannelConfig config) {
            this.config = config;
            boolean rated = config.kind() != FlowKind.STREAM && config.ratePerSecond() > 0;
            this.rate = rated
                    ? new RateLimit(
                            (int) Math.min(Integer.MAX_VALUE, config.ratePerSecond()),
                            Math.clamp(config.rateBurst(), 1, Integer.MAX_VALUE),
                            System.nanoTime())
                    : null;
        }
    }

    ChannelSet(List<ChannelConfig> configs, Engine engine, GuestRam ram, Violations violations) {
        this.engine = engine;
        this.ram = ram;
        this.violations = violations;
        for (ChannelConfig config : configs) {
            channels.add(new Channel(config));
        }
    }

    /**
     * Puts a channel's end in place.
     *
     * @param index position in the directory
     * @param role which end this is; must be as configured
     * @param fds memory: memfd, eventfd; event: eventfd; stream: pipe end, credit eventfd. What is kept is taken out of the list
     */
    synchronized void attach(int index, Direction role, List<Fd> fds) throws MachineException, ErrnoException {
        Channel channel = channel(index);
        ChannelConfig config = channel.config;
        if (channel.everLive || role != config.direction()) {
            throw MachineException.input("attach of channel " + config.flow() + " as " + role + ": expected "
                    + config.direction() + ", once");
        }
        requireCount(config, fds);
        switch (config.kind()) {
            case MEMORY -> {
                window(index).attach(fds.get(FIRST));
                bindSignal(channel, EventFd.adopt(fds.remove(SECOND)));
            }
            case EVENT -> bindSignal(channel, EventFd.adopt(fds.remove(FIRST)));
            case STREAM -> {
                Fd pipe = fds.remove(FIRST);
                attachStream(channel, pipe, EventFd.adopt(fds.remove(FIRST)));
            }
            case CONSOLE -> {
                // The serial line's descriptors came with the configuration.
            }
        }
        channel.live = true;
        channel.everLive = true;
        DirectoryLayout.setState(ram.directory(), index, DirectoryLayout.STATE_LIVE);
    }

    private static void requireCount(ChannelConfig config, List<Fd> fds) throws MachineException {
        int expected = switch (config.kind()) {
            case MEMORY, STREAM -> 2;
            case EVENT -> 1;
            case CONSOLE -> 0;
            case DATAGRAM, WIRE, DISK, LOG ->
                throw MachineException.input("attach of channel " + config.flow()
                        + ": this VMM makes no channel of kind " + config.kind().jsonName());
        };
        if (fds.size() != expected) {
            throw MachineException.input("attach of channel " + config.flow() + " came with " + fds.size()
                    + " descriptors; expected " + expected);
        }
    }

    private Channel channel(int index) throws MachineException {
        if (index < 0 || index >= channels.size()) {
            throw MachineException.input(
                    "channel index " + index + "; this domain has channels 0 to " + (channels.size() - 1));
        }
        return channels.get(index);
    }

    private ChannelWindow window(int index) throws MachineException {
        ChannelWindow window = ram.window(index);
        if (window == null) {
            throw MachineException.input("channel " + index + " has no window; expected a size above 0");
        }
        return window;
    }

    /** The sender's doorbell or the receiver's interrupt. A sender with a rate keeps its doorbell here, where it is counted. */
    private void bindSignal(Channel channel, EventFd event) throws ErrnoException {
        int index = channel.config.index();
        if (channel.config.direction() == Direction.IN) {
            channel.interrupt = event;
            engine.bindInterrupt(event.fd(), DirectoryLayout.INTERRUPT_GSI + index);
            return;
        }
        channel.bell = event;
        if (channel.rate == null) {
            engine.bindDoorbell(event.fd(), DirectoryLayout.DOORBELL_PORT + index);
        }
    }

    private void attachStream(Channel channel, Fd pipe, EventFd credit) throws MachineException, ErrnoException {
        ChannelConfig config = channel.config;
        MemorySegment window = window(config.index()).segment();
        ByteRing.initialise(window, ByteRing.capacityFor(window.byteSize()));
        EventFd doorbell = EventFd.create();
        channel.bell = doorbell;
        EventFd interrupt = EventFd.create();
        channel.interrupt = interrupt;
        StreamRelay.Ends ends =
                new StreamRelay.Ends(config.direction() == Direction.OUT, window, pipe, credit, doorbell, interrupt);
        StreamRelay.Bounds bounds =
                new StreamRelay.Bounds(config.ratePerSecond(), config.rateBurst(), config.backChannelBitsPerSecond());
        StreamRelay made = new StreamRelay(config.flow(), ends, bounds, () -> violations.ringCorrupt(config.flow()));
        channel.relay = made;
        engine.bindDoorbell(doorbell.fd(), DirectoryLayout.DOORBELL_PORT + config.index());
        engine.bindInterrupt(interrupt.fd(), DirectoryLayout.INTERRUPT_GSI + config.index());
        made.start();
    }

    /** Takes a channel away; when this returns, nothing passes through it any more. A channel that is not live stays so. */
    synchronized void revoke(int index) throws MachineException, ErrnoException {
        sever(channel(index));
    }

    /** Takes every channel away. */
    synchronized void severAll() throws ErrnoException {
        for (Channel channel : channels) {
            sever(channel);
        }
    }

    private void sever(Channel channel) throws ErrnoException {
        if (!channel.live) {
            return;
        }
        channel.recordsAtEnd = channel.config.kind() == FlowKind.MEMORY ? records(channel) : 0;
        channel.live = false;
        int index = channel.config.index();
        StreamRelay running = channel.relay;
        if (running != null) {
            running.close();
        }
        unbind(channel);
        ChannelWindow window = ram.window(index);
        if (window != null && channel.config.kind() == FlowKind.MEMORY) {
            window.sever();
        }
        DirectoryLayout.setState(ram.directory(), index, DirectoryLayout.STATE_SEVERED);
    }

    private void unbind(Channel channel) throws ErrnoException {
        int index = channel.config.index();
        EventFd bell = channel.bell;
        if (bell != null) {
            channel.bell = null;
            if (channel.rate == null) {
                engine.unbindDoorbell(bell.fd(), DirectoryLayout.DOORBELL_PORT + index);
            }
            bell.close();
        }
        EventFd interrupt = channel.interrupt;
        if (interrupt != null) {
            channel.interrupt = null;
            engine.unbindInterrupt(interrupt.fd(), DirectoryLayout.INTERRUPT_GSI + index);
            interrupt.close();
        }
    }

    @Override
    public long read(int offset, int size) {
        return -1;
    }

    /** A doorbell that the kernel did not take: one with a rate, one written with another size than 4, or one that is not there. */
    @Override
    public void write(int offset, int size, long value) {
        Channel channel = offset < channels.size() ? channels.get(offset) : null;
        EventFd bell = channel == null ? null : channel.bell;
        if (channel != null && bell != null) {
            ring(channel, bell);
        } else if (channel == null || !hadDoorbell(channel)) {
            violations.badDoorbell(DirectoryLayout.DOORBELL_PORT + offset);
        }
        // Else the channel is severed, perhaps since a moment ago: the signal goes nowhere, and the guest did nothing
        // wrong.
    }

    private synchronized boolean hadDoorbell(Channel channel) {
        boolean rings = channel.config.kind() == FlowKind.STREAM || channel.config.direction() == Direction.OUT;
        return channel.everLive && rings;
    }

    private synchronized void ring(Channel channel, EventFd bell) {
        if (!channel.live) {
            return;
        }
        RateLimit rate = channel.rate;
        if (rate != null && !rate.tryTake(System.nanoTime())) {
            channel.refused = channel.refused + 1;
            violations.rateExceeded(channel.config.flow());
            return;
        }
        try {
            bell.signal();
            channel.signals = channel.signals + 1;
        } catch (ErrnoException e) {
            // An eventfd that cannot be written is an eventfd that is gone; the guest sees no difference.
        }
    }

    /** Counters of all channels. */
    List<ChannelCounters> counters() {
        List<ChannelCounters> result = new ArrayList<>();
        for (Channel channel : channels) {
            result.add(counters(channel));
        }
        return result;
    }

    private ChannelCounters counters(Channel channel) {
        int index = channel.config.index();
        StreamRelay relay = channel.relay;
        return switch (channel.config.kind()) {
            case STREAM ->
                relay == null
                        ? new ChannelCounters(index, 0, 0, 0)
                        : new ChannelCounters(index, relay.bytes(), relay.held(), relay.reverse());
            case MEMORY -> new ChannelCounters(index, records(channel), channel.refused, 0);
            case EVENT, CONSOLE, DATAGRAM, WIRE, DISK, LOG ->
                new ChannelCounters(index, channel.signals, channel.refused, 0);
        };
    }

    /** The ring's write counter, as its writer shows it: a number to display, not to trust. */
    private synchronized long records(Channel channel) {
        ChannelWindow window = ram.window(channel.config.index());
        if (window == null || !channel.live) {
            return channel.recordsAtEnd;
        }
        return Math.max(0, window.segment().get(ValueLayout.JAVA_LONG, MemoryRing.WC_OFFSET));
    }

    @Override
    public synchronized void close() throws ErrnoException {
        severAll();
    }
}
