package dev.cloister.policy.daemon;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Memfd;
import dev.cloister.linux.Pipe;
import dev.cloister.policy.channel.ByteRing;
import dev.cloister.policy.daemon.host.HostDisk;
import dev.cloister.policy.daemon.host.HostDisks;
import dev.cloister.policy.daemon.host.HostObjects;
import dev.cloister.policy.daemon.host.HostTaps;
import dev.cloister.policy.keeper.FdStore;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.relay.Bounds;
import dev.cloister.policy.relay.Lane;
import dev.cloister.policy.relay.Messages;
import dev.cloister.policy.relay.Relay;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The kernel objects of one opening of a channel. Each end gets objects of its own; what lies between them is the daemon's: lanes of
 * the relay, and the memory file, whose pages the daemon can take away from every mapping. So it ends the channel whatever the VMMs
 * do. Loop's thread only.
 */
final class ChannelObjects implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ChannelObjects.class);
    /** Two quanta of a stream fit, however the pages of the pipe are filled. */
    private static final int PIPE_BYTES = 128 << 10;

    /** Messages that wait between a VMM and the relay. */
    private static final int PACKETS = 32;
    /** Frames that wait between a VMM and the relay, in each direction. */
    private static final int FRAMES = 128;
    /** Messages from the daemon itself, which writes a turn's records at once. */
    private static final int AUDIT_PACKETS = 256;
    /** What a guest may log where the policy gives no rate. */
    private static final long LOG_BYTES_PER_SECOND = 64 << 10;

    private static final long LOG_BURST_BYTES = 64 << 10;

    private final Flow flow;
    private final Relay relay;
    private final Bounds bounds;
    private final Lane.Listener listener;
    private final Keep keep;
    private final HostObjects host;
    /** What only the VMMs need: closed here once they have it. */
    private final List<AutoCloseable> theirs = new ArrayList<>();

    /** What the relay is to have and hasn't yet. */
    private final List<AutoCloseable> ours = new ArrayList<>();

    private final List<Fd> senderFds = new ArrayList<>();
    private final List<Fd> receiverFds = new ArrayList<>();
    private @Nullable Memfd memory;
    private @Nullable Lane forward;
    private @Nullable Lane back;
    private HostDisk.@Nullable Opening disk;
    /** Taps that the relay reads or writes for this channel. */
    private final List<AutoCloseable> leases = new ArrayList<>();

    /**
     * Where the daemon's ends are kept for the next daemon.
     *
     * @param store the store
     * @param name beginning of their names: the flow and the epoch
     * @param live whether channels shall go on without the daemon: then the doorbell's ends are kept as well as the memory
     */
    record Keep(FdStore store, String name, boolean live) {
        private void put(String what, Fd fd) {
            store.put(name + what, fd);
        }

        private Optional<Fd> take(String what) {
            return store.take(name + what);
        }
    }

    private static final String MEMORY = ".memory";
    private static final String SOURCE = ".source";
    private static final String SINK = ".sink";

    private ChannelObjects(
            Flow flow, Relay relay, boolean metered, Lane.Listener listener, Keep keep, HostObjects host) {
        this.keep = keep;
        this.host = host;
        this.flow = flow;
        this.relay = relay;
        this.bounds = flow.rate()
                .map(rate -> new Bounds(rate.perSecond(), rate.burst(), metered))
                .orElse(new Bounds(0, 0, metered));
        this.listener = listener;
    }

    /** Makes the objects; a failure leaves none behind. */
    static ChannelObjects create(
            Flow flow, Relay relay, boolean metered, Lane.Listener listener, Keep keep, HostObjects host)
            throws IOException {
        ChannelObjects made = new ChannelObjects(flow, relay, metered, listener, keep, host);
        try {
            made.fill();
        } catch (IOException e) {
            made.close();
            throw e;
        }
        return made;
    }

    /** Takes what has come back from the store of the objects of an earlier daemon; none, if nothing has. */
    static Optional<ChannelObjects> adopt(
            Flow flow, Relay relay, boolean metered, Lane.Listener listener, Keep keep, HostObjects host) {
        ChannelObjects made = new ChannelObjects(flow, relay, metered, listener, keep, host);
        if (flow.kind() == FlowKind.DISK) {
            return Optional.of(made);
        }
        Optional<Fd> file = keep.take(MEMORY);
        file.ifPresent(fd -> made.memory = Memfd.adopt(fd, "cloister-" + flow.name(), flow.windowBytes()));
        Optional<Fd> source = keep.take(SOURCE);
        Optional<Fd> sink = keep.take(SINK);
        if (source.isPresent() && sink.isPresent()) {
            made.forward = relay.signals(source.get(), sink.get(), made.bounds, listener);
        } else {
            source.ifPresent(Fd::close);
            sink.ifPresent(Fd::close);
        }
        return file.isPresent() || made.forward != null ? Optional.of(made) : Optional.empty();
    }

    /** Whether everything is there that the channel needs to go on. */
    boolean whole() {
        return flow.kind() == FlowKind.DISK || forward != null && (flow.kind() != FlowKind.MEMORY || memory != null);
    }

    private void fill() throws IOException {
        switch (flow.kind()) {
            case MEMORY -> memory();
            case EVENT -> signals();
            case STREAM -> stream();
            case DATAGRAM -> datagram();
            case LOG -> log();
            case DISK -> disk();
            case WIRE -> wire();
            case CONSOLE -> throw new IllegalArgumentException("kind " + flow.kind() + " has no objects of its own");
        }
    }

    private void memory() throws ErrnoException {
        Memfd made = Memfd.create("cloister-" + flow.name(), flow.windowBytes());
        memory = made;
        keep.put(MEMORY, made.fd());
        // Which pages the reader has touched must not be for the writer to see.
        made.populate();
        made.addSeals(Memfd.SEAL_GROW);
        senderFds.add(made.fd());
        Fd readOnly = made.reopenReadOnly();
        theirs.add(readOnly);
        receiverFds.add(readOnly);
        signals();
    }

    private void signals() throws ErrnoException {
        EventFd source = theirs(EventFd.create());
        EventFd sink = theirs(EventFd.create());
        senderFds.add(source.fd());
        receiverFds.add(sink.fd());
        if (keep.live()) {
            keep.put(SOURCE, source.fd());
            keep.put(SINK, sink.fd());
        }
        forward = relayed(relay.signals(ours(source.fd()), ours(sink.fd()), bounds, listener));
    }

    private void stream() throws ErrnoException {
        Pipe from = theirs(Pipe.create());
        Pipe to = theirs(Pipe.create(PIPE_BYTES));
        EventFd returned = theirs(EventFd.create());
        EventFd visible = theirs(EventFd.create());
        senderFds.add(from.writeEnd());
        senderFds.add(visible.fd());
        receiverFds.add(to.readEnd());
        receiverFds.add(returned.fd());
        int quantum = ByteRing.quantum(flow.capacity());
        Lane bytes = relayed(relay.bytes(ours(from.readEnd()), ours(to.writeEnd()), bounds, quantum, listener));
        forward = bytes;
        long perSecond = ChannelLimits.backPerSecond(flow);
        back = relayed(relay.credits(ours(returned.fd()), ours(visible.fd()), perSecond, bytes, listener));
    }

    private void datagram() throws ErrnoException {
        EventFd lost = theirs(EventFd.create());
        EventFd told = theirs(EventFd.create());
        boolean tells = flow.backChannel().isPresent();
        messages(PACKETS, new Messages(mostPayload(), Messages.Excess.WAITS, false), bounds, tells ? lost : null);
        senderFds.add(told.fd());
        receiverFds.add(lost.fd());
        if (tells) {
            // Never more at once than one: what a sender learns in a second is the budget and no more.
            long perSecond = ChannelLimits.backPerSecond(flow);
            back = relayed(relay.notices(ours(lost.fd()), ours(told.fd()), perSecond, listener));
        }
    }

    /** What a guest says is made harmless, and bounded whatever the policy says; what the daemon says is both already. */
    private void log() throws ErrnoException {
        boolean guest = flow.from() instanceof Domain;
        Bounds own = guest && flow.rate().isEmpty()
                ? new Bounds(LOG_BYTES_PER_SECOND, LOG_BURST_BYTES, bounds.metered())
                : bounds;
        messages(
                guest ? PACKETS : AUDIT_PACKETS,
                new Messages(mostPayload(), Messages.Excess.DROPPED, guest),
                own,
                null);
    }

    private void disk() throws IOException {
        HostEndpoint end = HostDisks.end(flow).orElseThrow();
        HostDisk file = host.disks()
                .find(end)
                .orElseThrow(() -> new IOException(end.name()
                        + " isn't open as the policy has it now; it is opened when a domain starts that uses it"));
        boolean write = flow.to() == end;
        HostDisk.Opening opened = file.hand(write, mark());
        disk = opened;
        theirs.add(opened.fd());
        (write ? senderFds : receiverFds).add(opened.fd());
    }

    /** One direction of a link: between guests two pipes, else one and the tap. The receiver's side has no way to say anything back. */
    private void wire() throws IOException {
        Fd source;
        if (flow.from() instanceof HostEndpoint tap) {
            source = ours(lease(host.taps().read(tap, flow.name())));
        } else {
            Pipe from = theirs(Pipe.packets(FRAMES));
            senderFds.add(from.writeEnd());
            source = ours(from.readEnd());
        }
        Fd sink;
        if (flow.to() instanceof HostEndpoint tap) {
            sink = ours(lease(host.taps().write(tap)));
        } else {
            Pipe to = theirs(Pipe.packets(FRAMES));
            receiverFds.add(to.readEnd());
            sink = ours(to.writeEnd());
        }
        forward = relayed(relay.messages(source, sink, bounds, Messages.FRAMES, null, listener));
    }

    private Fd lease(HostTaps.Lease lease) {
        leases.add(lease);
        return lease.fd();
    }

    /** Whether a VMM that says to have let go has really done so, as far as that can be known: of a disk it can. */
    boolean released() {
        if (flow.kind() != FlowKind.DISK) {
            return true;
        }
        handedOver();
        HostDisk.Opening opened = disk;
        return opened == null
                ? HostDisks.end(flow)
                        .flatMap(end -> host.disks().find(end))
                        .map(file -> file.released(mark()))
                        .orElse(true)
                : opened.released();
    }

    private long mark() {
        return HostDisk.mark(flow.position().file() + " " + keep.name());
    }

    private int mostPayload() {
        return flow.recordBytes() - Messages.HEADER;
    }

    private void messages(int waiting, Messages carried, Bounds limits, @Nullable EventFd lost) throws ErrnoException {
        Pipe from = theirs(Pipe.packets(waiting));
        Pipe to = theirs(Pipe.packets(PACKETS));
        senderFds.add(from.writeEnd());
        receiverFds.add(to.readEnd());
        Fd notice = lost == null ? null : ours(lost.fd());
        forward = relayed(relay.messages(ours(from.readEnd()), ours(to.writeEnd()), limits, carried, notice, listener));
    }

    /** A descriptor for the relay, closed with these objects if it doesn't come to that. */
    private Fd ours(Fd fd) throws ErrnoException {
        Fd copy = fd.duplicate();
        ours.add(copy);
        return copy;
    }

    /** The relay has its descriptors. */
    private Lane relayed(Lane lane) {
        ours.clear();
        return lane;
    }

    private <T extends AutoCloseable> T theirs(T object) {
        theirs.add(object);
        return object;
    }

    /** The sending end's descriptors in the order of the attach message. */
    List<Fd> senderFds() {
        return List.copyOf(senderFds);
    }

    /** The receiving end's descriptors in the order of the attach message. */
    List<Fd> receiverFds() {
        return List.copyOf(receiverFds);
    }

    /** What carries the flow's units, but for memory, which carries itself: there it is the doorbell. */
    Optional<Lane> forward() {
        return Optional.ofNullable(forward);
    }

    /** What carries a stream's credit, or word of a datagram's losses, where there is a budget. */
    Optional<Lane> back() {
        return Optional.ofNullable(back);
    }

    /**
     * The writer has its mapping: from now on nobody gets another writable one, not even by reopening the read-only descriptor
     * through {@code /proc}. It can still be cut, by whoever has a descriptor to write: the daemon, and the writer, whose system
     * calls don't include that.
     */
    void sealAgainstNewWriters() throws ErrnoException {
        if (memory != null) {
            memory.addSeals(Memfd.SEAL_FUTURE_WRITE | Memfd.SEAL_SEAL);
        }
    }

    /** Both VMMs have their ends: the daemon closes its descriptors of those, so that the end of one is seen by the other. */
    void handedOver() {
        closeAll(theirs);
        senderFds.clear();
        receiverFds.clear();
    }

    /** Nothing passes through the relay any more. */
    void cutLanes() {
        forward().ifPresent(relay::cut);
        back().ifPresent(relay::cut);
    }

    /** Nothing passes any more: lanes are cut, and the memory's pages are gone from every mapping. */
    @Override
    public void close() {
        cutLanes();
        closeAll(ours);
        closeAll(leases);
        handedOver();
        java.util.stream.Stream.of(MEMORY, SOURCE, SINK)
                .forEach(what -> keep.store().remove(keep.name() + what));
        if (memory != null) {
            try {
                memory.truncate();
            } catch (ErrnoException e) {
                // Only possible where somebody sealed the file before us; its holders are killed at the deadline.
                LOG.error("flow {}: its memory can't be taken away: {}", flow.name(), e.getMessage());
            }
            memory.close();
            memory = null;
        }
    }

    private static void closeAll(List<AutoCloseable> objects) {
        for (AutoCloseable object : objects) {
            try {
                object.close();
            } catch (Exception e) {
                throw new IllegalStateException("closing a descriptor never fails", e);
            }
        }
        objects.clear();
    }
}
