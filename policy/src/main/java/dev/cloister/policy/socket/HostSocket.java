package dev.cloister.policy.socket;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Poller;
import dev.cloister.linux.StreamSocket;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The host's side of one domain's connections, in the convention of Firecracker and Cloud Hypervisor: for a port of the host the domain
 * is connected to {@code PATH_port}; a program that connects to {@code PATH} and says {@code CONNECT port} is connected to that port of
 * the domain. Each is possible while a flow that allows it is live; {@code PATH} is there only then. A thread of its own does it.
 */
public final class HostSocket implements LocalSide, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HostSocket.class);
    /** The host's ports of connections that programs ask for: from here up, as no service listens there. */
    private static final int FIRST_PORT = 1 << 30;

    private final Path path;
    private final Listener listener;
    private final Object lock = new Object();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment scratch = arena.allocate(PeerFrame.MAX_DATA);
    private final PeerLinks links;
    // Under the lock.
    private final List<HostProgram> programs = new ArrayList<>();
    private final Set<Integer> openers = new HashSet<>();
    private @Nullable Callers callers;
    private int nextPort = FIRST_PORT;
    private long guestCid;
    private boolean over;

    /** Who is told what somebody tried. Called on the socket's thread; must not wait. */
    public interface Listener {
        /**
         * A program wants a port that no flow has.
         *
         * @param port the domain's port, 0 to 4294967295
         */
        void refused(long port);

        /**
         * The domain's VMM has broken the contract of its connections.
         *
         * @param how the flow and what was sent
         */
        void broken(String how);
    }

    /**
     * A side without streams.
     *
     * @param name what its thread is called
     * @param path where programs connect, absolute, at most 96 bytes
     * @param listener is told
     * @throws IllegalStateException if the host has no event descriptor left
     */
    public HostSocket(String name, Path path, Listener listener) {
        this.path = path;
        this.listener = listener;
        this.links = new PeerLinks(this, name);
        links.start();
    }

    /**
     * Takes the host's end of a flow.
     *
     * @param flow the flow as the host sees it; its index is among the host's own
     * @param pipe the pipe to the daemon's relay or from it; this side's from here on
     * @param credit by which credit is returned or comes; this side's from here on
     * @throws IOException if nobody can listen at the path, or the thread has ended; both descriptors are closed then
     */
    public void attach(ChannelConfig flow, Fd pipe, EventFd credit) throws IOException {
        boolean taken = false;
        try {
            synchronized (lock) {
                prepare(flow);
            }
            links.declare(flow);
            links.attach(flow, pipe, credit);
            taken = true;
        } finally {
            if (!taken) {
                pipe.close();
                credit.close();
            }
        }
    }

    private void prepare(ChannelConfig flow) throws IOException {
        if (over) {
            throw new IOException("the thread of " + path + " has ended; the daemon's log says why");
        }
        guestCid = flow.sockets().peerCid();
        if (flow.direction() == Direction.OUT && flow.sockets().answers().isEmpty()) {
            if (callers == null) {
                callers = new Callers(path);
            }
            openers.add(flow.index());
        }
    }

    /**
     * Gives the host's end of a flow back; when this returns, nothing passes any more, and nobody listens if it was the last flow that
     * programs can use.
     *
     * @param flow which
     */
    public void sever(ChannelConfig flow) {
        synchronized (lock) {
            openers.remove(flow.index());
        }
        links.sever(flow);
    }

    /**
     * Tells whether all that the domain has sent is with the programs, and nothing more will come.
     *
     * @return false also while a flow to the host is open at its other end
     */
    public boolean drained() {
        synchronized (lock) {
            return links.drained() && programs.stream().noneMatch(HostProgram::holds);
        }
    }

    @Override
    public void run(Runnable action) {
        synchronized (lock) {
            action.run();
        }
    }

    @Override
    public @Nullable LocalEnd connect(long cid, int peerPort, int ownPort, PeerStream stream, boolean sendsOnly) {
        try {
            StreamSocket socket = StreamSocket.connect(Path.of(path + "_" + Integer.toUnsignedString(ownPort)));
            HostProgram program = new HostProgram(socket, scratch, ownPort);
            programs.add(program);
            program.join(stream, sendsOnly);
            return program;
        } catch (ErrnoException e) {
            LOG.debug("port {} of the host: {}", ownPort, e.getMessage());
            return null;
        }
    }

    private void called(int guestPort, StreamSocket socket) {
        int own = nextPort;
        nextPort = own == Integer.MAX_VALUE ? FIRST_PORT : own + 1;
        HostProgram program = new HostProgram(socket, scratch, own);
        PeerLinks.Answer answer = links.open(guestCid, guestPort, own, program);
        if (answer == PeerLinks.Answer.NO_FLOW) {
            listener.refused(Integer.toUnsignedLong(guestPort));
        }
        if (answer == PeerLinks.Answer.ASKED) {
            programs.add(program);
        } else {
            socket.close();
        }
    }

    @Override
    public void broken(String how) {
        listener.broken(how);
    }

    @Override
    public void failed(Exception reason) {
        LOG.error("{}: connections end, and there will be no others", path, reason);
    }

    @Override
    public void settle(Poller poller) {
        programs.removeIf(program -> program.settle(poller));
        Callers at = callers;
        if (at != null && openers.isEmpty()) {
            callers = null;
            close(at);
        } else if (at != null) {
            at.watch(poller, openers.stream().anyMatch(links::up));
        }
    }

    private static void close(Callers at) {
        try {
            at.close();
        } catch (IOException e) {
            LOG.warn("{}", e.getMessage());
        }
    }

    @Override
    public void serve(Poller poller) {
        Callers at = callers;
        if (at != null) {
            try {
                at.serve(this::called);
            } catch (ErrnoException e) {
                LOG.warn("{}: {}", path, e.getMessage());
            }
        }
        for (int i = 0; i < programs.size(); i++) {
            programs.get(i).serve(poller);
        }
    }

    @Override
    public void reset() {
        over = true;
        programs.forEach(HostProgram::close);
        programs.clear();
        Callers at = callers;
        callers = null;
        if (at != null) {
            close(at);
        }
    }

    /** Ends all connections and the thread. */
    @Override
    public void close() {
        synchronized (lock) {
            openers.clear();
        }
        links.close();
        links.closeBuffers();
        arena.close();
    }
}
