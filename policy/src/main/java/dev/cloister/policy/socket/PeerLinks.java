package dev.cloister.policy.socket;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Poller;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.relay.Waits;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One side's connections to others, over streams that the daemon's policy declares. One thread waits for the streams; all else is under
 * the side's lock.
 */
public final class PeerLinks implements AutoCloseable {
    /** Connections of one flow at once, with those whose end has not been told yet. */
    public static final int MAX_CONNECTIONS = 64;

    /** What becomes of a wish for a connection. */
    public enum Answer {
        /** The end will hear of it. */
        ASKED,
        /** No flow has such a port of such an endpoint. */
        NO_FLOW,
        /** The flow's channel isn't live, or has all the connections that it can have. */
        NOT_NOW
    }

    private final LocalSide side;
    private final EventFd doorbell;
    private final Poller poller = new Poller();
    private final PeerBuffers buffers = new PeerBuffers();
    private final Thread thread;
    // Under the side's lock.
    private final Map<Integer, ChannelConfig> declared = new HashMap<>();
    private final Map<String, PeerLink> links = new HashMap<>();
    private final Map<Integer, PeerLane> attached = new HashMap<>();
    private final List<PeerLane> lanes = new ArrayList<>();
    private final Deque<PeerStream> accepted = new ArrayDeque<>();
    private final Deque<PeerStream> told = new ArrayDeque<>();
    private boolean over;
    // The thread's own.
    private boolean again;
    private volatile boolean closing;

    /**
     * Links without streams, whose thread runs once {@link #start} was called.
     *
     * @param side where the connections end on this side
     * @param name the thread's
     * @throws IllegalStateException if the host has no event descriptor left
     */
    public PeerLinks(LocalSide side, String name) {
        this.side = side;
        try {
            doorbell = EventFd.create();
        } catch (ErrnoException e) {
            throw new IllegalStateException(name + ": " + e.getMessage(), e);
        }
        poller.add(doorbell.fd(), Poller.IN);
        thread = Thread.ofPlatform().daemon().name(name).unstarted(this::loop);
    }

    /** Begins to serve. */
    public void start() {
        thread.start();
    }

    PeerBuffers buffers() {
        return buffers;
    }

    LocalSide side() {
        return side;
    }

    /**
     * A channel has its place, which may have been another's; it isn't there yet. Any thread.
     *
     * @param channel what it is
     */
    public void declare(ChannelConfig channel) {
        side.run(() -> declared.put(channel.index(), channel));
    }

    /**
     * A channel's end is there. Any thread; one change of a channel at a time.
     *
     * @param channel which
     * @param pipe the pipe to the daemon's relay or from it; the links' from here on
     * @param credit by which credit is returned or comes; the links' from here on
     * @throws ErrnoException where the host refuses
     */
    public void attach(ChannelConfig channel, Fd pipe, EventFd credit) throws ErrnoException {
        pipe.setNonBlocking(true);
        side.run(() -> add(channel, pipe, credit));
        ring();
    }

    private void add(ChannelConfig channel, Fd pipe, EventFd credit) {
        if (over) {
            pipe.close();
            credit.close();
            return;
        }
        ChannelConfig.Sockets sockets = channel.sockets();
        boolean answers = !sockets.answers().isEmpty();
        boolean sends = channel.direction() == Direction.OUT;
        PeerLink link = links.computeIfAbsent(
                answers ? sockets.answers() : channel.flow(),
                _ -> new PeerLink(this, sends != answers, answers || sockets.answered()));
        PeerLane lane =
                sends ? new PeerOutput(channel, link, pipe, credit) : new PeerInput(channel, link, pipe, credit);
        link.join(lane);
        lanes.add(lane);
        attached.put(channel.index(), lane);
    }

    /**
     * Takes a channel's end away; when this returns, nothing passes any more and its descriptors are closed. Any thread but this one's.
     *
     * @param channel which; nothing is done for one that isn't there
     */
    public void sever(ChannelConfig channel) {
        List<PeerLane> gone = new ArrayList<>(1);
        side.run(() -> {
            PeerLane lane = attached.remove(channel.index());
            if (lane != null) {
                lane.severed = true;
                lane.link.lost(lane);
                if (lane.link.down()) {
                    links.values().remove(lane.link);
                }
                gone.add(lane);
                if (over) {
                    releaseSevered();
                }
            }
        });
        if (!gone.isEmpty()) {
            ring();
            gone.getFirst().awaitRelease();
        }
    }

    /**
     * Bytes that have passed a channel's end since it was attached. Any thread.
     *
     * @param channel which
     * @return a count; 0 for one that isn't there
     */
    public long bytes(ChannelConfig channel) {
        long[] count = new long[1];
        side.run(() -> {
            PeerLane lane = attached.get(channel.index());
            count[0] = lane == null ? 0 : lane.bytes;
        });
        return count[0];
    }

    /**
     * This side asks for a connection. Under its lock.
     *
     * @param cid context id of whom
     * @param port the port there, unsigned
     * @param ownPort this side's port of the connection, unsigned
     * @param end hears of the answer, and never before this returns
     * @return whether it will; otherwise nothing is said to it
     */
    public Answer open(long cid, int port, int ownPort, LocalEnd end) {
        ChannelConfig flow = flow(cid, Integer.toUnsignedLong(port));
        if (flow == null) {
            return Answer.NO_FLOW;
        }
        PeerLink link = links.get(flow.flow());
        return link != null && link.up() && link.open(port, ownPort, end) ? Answer.ASKED : Answer.NOT_NOW;
    }

    /** Whether no stream is left from which something may come. */
    boolean drained() {
        return lanes.stream().noneMatch(lane -> lane instanceof PeerInput && !lane.dead);
    }

    /** Whether connections can be opened over a flow. */
    boolean up(int index) {
        ChannelConfig flow = declared.get(index);
        PeerLink link = flow == null ? null : links.get(flow.flow());
        return link != null && link.up();
    }

    private @Nullable ChannelConfig flow(long cid, long port) {
        for (ChannelConfig channel : declared.values()) {
            ChannelConfig.Sockets sockets = channel.sockets();
            if (sockets.peerCid() == cid && channel.direction() == Direction.OUT && sockets.allows(port)) {
                return channel;
            }
        }
        return null;
    }

    /** Accepts a connection for a side that can't say so. */
    void acceptLater(PeerStream stream) {
        accepted.add(stream);
        ring();
    }

    /** Tells an end once more that there is something to read. */
    void tellLater(PeerStream stream) {
        told.add(stream);
        ring();
    }

    /** Has the thread look at everything. Any thread. */
    public void ring() {
        if (Thread.currentThread() == thread) {
            again = true;
        } else {
            doorbell.ring();
        }
    }

    private void loop() {
        try {
            while (!closing) {
                again = false;
                side.run(this::settle);
                poller.poll(again ? 0 : -1);
                doorbell.drain();
                side.run(this::serve);
            }
        } catch (ErrnoException | RuntimeException e) {
            side.run(() -> side.failed(e));
        } finally {
            // Whoever takes a stream away from here on waits for nobody.
            side.run(this::stop);
        }
    }

    private void stop() {
        side.reset();
        over = true;
        for (PeerLane lane : lanes) {
            lane.dead = true;
            lane.watch(poller);
        }
        releaseSevered();
    }

    /** Answers, and takes over what was changed: what is waited for, and what is closed. */
    private void settle() {
        while (!accepted.isEmpty()) {
            PeerStream stream = accepted.remove();
            LocalEnd end = stream.end;
            if (end != null) {
                end.opened(stream);
            }
        }
        while (!told.isEmpty()) {
            told.remove().tell(true, false);
        }
        for (int i = lanes.size() - 1; i >= 0; i--) {
            PeerLane lane = lanes.get(i);
            if (lane instanceof PeerInput input) {
                input.resume();
            } else {
                lane.link.writable();
            }
        }
        side.settle(poller);
        for (int i = 0; i < lanes.size(); i++) {
            lanes.get(i).watch(poller);
        }
        releaseSevered();
    }

    private void releaseSevered() {
        for (int i = lanes.size() - 1; i >= 0; i--) {
            PeerLane lane = lanes.get(i);
            if (lane.severed) {
                lane.dead = true;
                lane.watch(poller);
                lanes.remove(i);
                lane.release();
            }
        }
    }

    private void serve() {
        for (int i = 0; i < lanes.size(); i++) {
            PeerLane lane = lanes.get(i);
            if (lane.slot >= 0 && !lane.dead && poller.ready(lane.slot) != 0) {
                lane.serve();
            }
        }
        side.serve(poller);
    }

    /** Ends all streams and the thread. The buffers of connections stay until {@link #closeBuffers}. */
    @Override
    public void close() {
        closing = true;
        doorbell.ring();
        Waits.join(thread);
        side.run(side::reset);
        lanes.forEach(PeerLane::release);
        lanes.clear();
        attached.clear();
        links.clear();
        doorbell.close();
        poller.close();
    }

    /** Gives the memory of connections back: the last thing, when nothing can read from them any more. */
    public void closeBuffers() {
        buffers.close();
    }
}
