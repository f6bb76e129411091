package dev.cloister.vmm.channel;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.policy.channel.ByteRing;
import dev.cloister.policy.channel.CountedRing;
import dev.cloister.policy.channel.DirectoryLayout;
import dev.cloister.policy.channel.MemoryRing;
import dev.cloister.policy.channel.RecordRing;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.protocol.FromVmm.ChannelCounters;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * This machine's end of one channel: put in place, taken away, and put in place again as often as the daemon says. Counters go on
 * over all openings. Any thread; one change at a time. Doorbells that the kernel does not take come here.
 */
final class ChannelEnd {
    private static final int FIRST = 0;
    private static final int SECOND = 1;

    private final ChannelConfig config;
    private final ChannelSignals wires;
    private final ChannelPages pages;
    private final Violations violations;
    private final @Nullable RateLimit rate;
    private final QuotaGate quota;
    private final @Nullable DeviceEnd device;
    private volatile boolean live;
    private volatile int epoch;
    private volatile @Nullable EventFd bell;
    private @Nullable EventFd interrupt;
    private final @Nullable CountedRing ring;
    private volatile boolean guestRuns;
    private @Nullable RingRelay relay;
    /** Who carries the connections of this stream, while it is live. */
    private @Nullable SocketCarrier carrier;

    private long signals;
    private long refused;
    /** What passed in the openings before this one. */
    private ChannelCounters before;
    /** Records of this opening at the last look. */
    private long seen;

    ChannelEnd(
            ChannelConfig config,
            ChannelSignals wires,
            ChannelPages pages,
            Violations violations,
            @Nullable DeviceEnd device) {
        this.config = config;
        this.device = device;
        if (device != null) {
            device.configure(config);
        }
        this.wires = wires;
        this.pages = pages;
        this.violations = violations;
        boolean rated = !config.kind().ringAtBothEnds() && config.limits().ratePerSecond() > 0;
        this.rate = rated
                ? new RateLimit(
                        (int) Math.min(Integer.MAX_VALUE, config.limits().ratePerSecond()),
                        Math.clamp(config.limits().rateBurst(), 1, Integer.MAX_VALUE),
                        System.nanoTime())
                : null;
        this.quota = new QuotaGate(config.limits().quota(), System.nanoTime());
        this.before = new ChannelCounters(config.index(), 0, 0, 0);
        this.ring = config.kind().ringAtBothEnds() ? closedRing(config, pages) : null;
    }

    /** A ring that a guest finds closed as long as its channel has not been opened. */
    private static @Nullable CountedRing closedRing(ChannelConfig config, ChannelPages pages) {
        ChannelWindow window = pages.window(config.index());
        if (window == null) {
            return null;
        }
        boolean sends = config.direction() == Direction.OUT;
        CountedRing made = config.kind() == FlowKind.STREAM
                ? byteRing(config, window.segment(), sends)
                : recordRing(config, window.segment(), sends);
        made.open(0);
        made.close();
        return made;
    }

    private static ByteRing byteRing(ChannelConfig config, MemorySegment pages, boolean sends) {
        // What the directory tells the guest; the window may have room for more.
        int capacity = config.window().recordCount() > 0
                ? config.window().recordCount()
                : ByteRing.capacityFor(pages.byteSize());
        return sends ? ByteRing.consumer(pages, capacity) : ByteRing.producer(pages, capacity);
    }

    private static RecordRing recordRing(ChannelConfig config, MemorySegment pages, boolean sends) {
        return sends
                ? RecordRing.consumer(
                        pages, config.window().recordBytes(), config.window().recordCount())
                : RecordRing.producer(
                        pages, config.window().recordBytes(), config.window().recordCount());
    }

    ChannelConfig config() {
        return config;
    }

    /** Whether it is in place. */
    boolean live() {
        return live;
    }

    /** From here on the guest looks at its channels: an opening has to be accepted. */
    void guestStarts() {
        guestRuns = true;
    }

    /** As {@link ChannelSet#attach}. */
    synchronized void attach(Direction role, int newEpoch, List<Fd> fds, @Nullable SocketCarrier sockets)
            throws ChannelException, ErrnoException {
        if (live || role != config.direction() || newEpoch <= epoch) {
            throw new ChannelException("attach of channel " + config.flow() + " as " + role + " in epoch " + newEpoch
                    + ": expected " + config.direction() + ", not live, after epoch " + epoch);
        }
        requireCount(fds);
        if (config.sockets().present()) {
            carry(sockets, fds);
        } else {
            put(newEpoch, fds);
        }
        live = true;
        epoch = newEpoch;
        pages.directoryLive(config.index(), newEpoch);
    }

    private void carry(@Nullable SocketCarrier sockets, List<Fd> fds) throws ChannelException, ErrnoException {
        if (sockets == null) {
            throw new ChannelException(
                    "attach of channel " + config.flow() + ": expected a domain with a socket device");
        }
        sockets.attach(config, fds.remove(FIRST), EventFd.adopt(fds.remove(FIRST)));
        carrier = sockets;
    }

    private void put(int newEpoch, List<Fd> fds) throws ChannelException, ErrnoException {
        switch (config.kind()) {
            case MEMORY -> {
                window().attach(fds.get(FIRST));
                bindSignal(EventFd.adopt(fds.remove(SECOND)));
            }
            case EVENT -> bindSignal(EventFd.adopt(fds.remove(FIRST)));
            case STREAM -> {
                Fd pipe = fds.remove(FIRST);
                EventFd credit = EventFd.adopt(fds.remove(FIRST));
                attachRing(newEpoch, (made, ends) -> stream((ByteRing) made, ends, credit), pipe);
            }
            case DATAGRAM, LOG -> {
                Fd pipe = fds.remove(FIRST);
                @Nullable EventFd losses = fds.isEmpty() ? null : EventFd.adopt(fds.remove(FIRST));
                attachRing(newEpoch, (made, ends) -> messages((RecordRing) made, ends, losses), pipe);
            }
            case WIRE, DISK -> device().attach(fds);
            case CONSOLE -> {
                // The serial line's descriptors came with the configuration.
            }
        }
    }

    private DeviceEnd device() throws ChannelException {
        DeviceEnd there = device;
        if (there == null) {
            throw new ChannelException(
                    "attach of channel " + config.flow() + ": the machine was made without a device for "
                            + config.kind().jsonName() + " " + config.direction() + " " + config.peer());
        }
        return there;
    }

    /** The epoch that follows the last one. */
    int nextEpoch() {
        return epoch + 1;
    }

    private void requireCount(List<Fd> fds) throws ChannelException {
        int expected = descriptors();
        if (fds.size() != expected) {
            throw new ChannelException("attach of channel " + config.flow() + " came with " + fds.size()
                    + " descriptors; expected " + expected);
        }
    }

    private int descriptors() {
        return switch (config.kind()) {
            case MEMORY, STREAM, DATAGRAM -> 2;
            case EVENT, LOG -> 1;
            case WIRE, DISK -> DeviceEnd.DESCRIPTORS;
            case CONSOLE -> 0;
        };
    }

    private ChannelWindow window() throws ChannelException {
        ChannelWindow window = pages.window(config.index());
        if (window == null) {
            throw new ChannelException("channel " + config.index() + " has no window; expected a size above 0");
        }
        return window;
    }

    /** A sender that is counted keeps its doorbell here; others have it in the kernel. */
    private boolean counted() {
        return rate != null || config.limits().quota().limited();
    }

    /** The sender's doorbell or the receiver's interrupt. */
    private void bindSignal(EventFd event) throws ErrnoException {
        if (config.direction() == Direction.IN) {
            interrupt = event;
            wires.bindInterrupt(event.fd(), DirectoryLayout.INTERRUPT_GSI + config.index());
            return;
        }
        bell = event;
        if (!counted()) {
            wires.bindDoorbell(event.fd(), DirectoryLayout.DOORBELL_PORT + config.index());
        }
    }

    /** Makes what moves a ring's content. */
    private interface RelayMaker {
        RingRelay make(CountedRing ring, RingRelay.Ends ends) throws ErrnoException;
    }

    private StreamRelay stream(ByteRing made, RingRelay.Ends ends, EventFd credit) throws ErrnoException {
        StreamRelay.Bounds bounds = new StreamRelay.Bounds(
                config.limits().ratePerSecond(),
                config.limits().rateBurst(),
                config.limits().backChannelBitsPerSecond(),
                quota);
        return new StreamRelay(config.flow(), ends, credit, made, bounds, this::corrupt);
    }

    private MessageRelay messages(RecordRing made, RingRelay.Ends ends, @Nullable EventFd losses)
            throws ErrnoException {
        return new MessageRelay(config.flow(), ends, losses, made, this::corrupt);
    }

    private void corrupt() {
        violations.ringCorrupt(config.kind(), config.flow());
    }

    private void attachRing(int newEpoch, RelayMaker maker, Fd pipe) throws ChannelException, ErrnoException {
        EventFd doorbell = EventFd.create();
        bell = doorbell;
        EventFd raised = EventFd.create();
        interrupt = raised;
        boolean sender = config.direction() == Direction.OUT;
        RingRelay made = maker.make(ring(newEpoch), new RingRelay.Ends(sender, pipe, doorbell, raised));
        relay = made;
        wires.bindDoorbell(doorbell.fd(), DirectoryLayout.DOORBELL_PORT + config.index());
        wires.bindInterrupt(raised.fd(), DirectoryLayout.INTERRUPT_GSI + config.index());
        made.start();
    }

    /** The ring in the window: open for a guest that has not looked yet, else offered to it. */
    private CountedRing ring(int newEpoch) throws ChannelException {
        CountedRing known = ring;
        if (known == null) {
            throw new ChannelException("channel " + config.flow() + " has no window; expected a size above 0");
        }
        if (guestRuns || epoch > 0) {
            known.offer(newEpoch);
        } else {
            known.open(newEpoch);
        }
        return known;
    }

    /** Takes the channel away; when this returns, nothing passes through it any more. One that is not live stays so. */
    synchronized void sever() throws ErrnoException {
        if (!live) {
            return;
        }
        RingRelay running = relay;
        if (running != null) {
            running.close();
        }
        SocketCarrier sockets = carrier;
        DeviceEnd there = device;
        if (there != null) {
            there.sever();
        }
        before = counters();
        if (sockets != null) {
            carrier = null;
            sockets.sever(config);
        }
        seen = 0;
        live = false;
        relay = null;
        unbind();
        ChannelWindow window = pages.window(config.index());
        if (window != null && config.kind() == FlowKind.MEMORY) {
            window.sever();
        }
        pages.directorySevered(config.index());
    }

    /** Severs a memory channel whose memory was taken away by somebody else; the guest then finds zeros and goes on. */
    synchronized boolean severIfVanished() {
        ChannelWindow window = pages.window(config.index());
        if (!live || config.kind() != FlowKind.MEMORY || window == null || window.whole()) {
            return false;
        }
        try {
            sever();
            violations.memoryVanished(config.flow());
            return true;
        } catch (ErrnoException e) {
            return false;
        }
    }

    private void unbind() throws ErrnoException {
        EventFd rung = bell;
        if (rung != null) {
            bell = null;
            if (!counted() || config.kind().ringAtBothEnds()) {
                wires.unbindDoorbell(rung.fd(), DirectoryLayout.DOORBELL_PORT + config.index());
            }
            rung.close();
        }
        EventFd raised = interrupt;
        if (raised != null) {
            interrupt = null;
            wires.unbindInterrupt(raised.fd(), DirectoryLayout.INTERRUPT_GSI + config.index());
            raised.close();
        }
    }

    /**
     * A write to the doorbell's port that the kernel did not take: of a channel that is counted.
     *
     * @return false if this channel never had a doorbell; one that is severed, perhaps since a moment ago, lets the signal go nowhere
     */
    boolean rung() {
        EventFd there = bell;
        if (there != null) {
            ring(there);
            return true;
        }
        return epoch > 0
                && !config.sockets().present()
                && (config.kind().ringAtBothEnds() || config.direction() == Direction.OUT);
    }

    private synchronized void ring(EventFd there) {
        if (!live) {
            return;
        }
        long now = System.nanoTime();
        if (rate != null && !rate.tryTake(now)) {
            refused++;
            violations.rateExceeded(config.flow());
            return;
        }
        if (!config.kind().ringAtBothEnds() && !quota.tryTake(now)) {
            refused++;
            violations.quotaExceeded(config.flow());
            return;
        }
        try {
            there.signal();
            signals++;
        } catch (ErrnoException e) {
            // An eventfd that cannot be written is an eventfd that is gone; the guest sees no difference.
        }
    }

    /** What has passed so far, over all openings. */
    synchronized ChannelCounters counters() {
        int index = config.index();
        SocketCarrier sockets = carrier;
        if (sockets != null) {
            return new ChannelCounters(index, before.units() + sockets.bytes(config), before.refused(), 0);
        }
        return switch (config.kind()) {
            case STREAM, DATAGRAM, LOG -> relayCounters(index);
            case MEMORY -> new ChannelCounters(index, saturatedSum(before.units(), records()), refused, 0);
            case EVENT, CONSOLE -> new ChannelCounters(index, signals, refused, 0);
            case WIRE, DISK -> deviceCounters(index);
        };
    }

    private ChannelCounters relayCounters(int index) {
        RingRelay running = relay;
        return running == null
                ? before
                : new ChannelCounters(
                        index,
                        before.units() + running.bytes(),
                        before.refused() + running.held(),
                        before.reverse() + running.reverse());
    }

    private ChannelCounters deviceCounters(int index) {
        DeviceEnd there = device;
        return there == null
                ? new ChannelCounters(index, 0, 0, 0)
                : new ChannelCounters(index, there.units(), there.refused(), 0);
    }

    /** The ring's write counter in this opening, as its writer shows it: a number to display, not to trust. */
    private long records() {
        ChannelWindow window = pages.window(config.index());
        if (window == null || !live) {
            return 0;
        }
        try {
            seen = Math.max(0, window.segment().get(ValueLayout.JAVA_LONG, MemoryRing.WC_OFFSET));
        } catch (InternalError e) {
            // The pages were taken away under us (SIGBUS); the guest's next access, or the daemon, ends the channel. A
            // count that
            // went back to nought would hide as many records of the next opening.
            return seen;
        }
        return seen;
    }

    private static long saturatedSum(long a, long b) {
        return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
    }
}
