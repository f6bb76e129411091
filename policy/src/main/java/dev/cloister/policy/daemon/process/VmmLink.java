package dev.cloister.policy.daemon.process;

import dev.cloister.linux.ChildProcess;
import dev.cloister.linux.Errno;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import dev.cloister.linux.MessageSocket;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Seccomp;
import dev.cloister.policy.confinement.ConfinedProcess;
import dev.cloister.policy.daemon.loop.EventLoop;
import dev.cloister.policy.keeper.FdStore;
import dev.cloister.policy.partition.Partition;
import dev.cloister.policy.protocol.FromVmm;
import dev.cloister.policy.protocol.ProtocolException;
import dev.cloister.policy.protocol.ToVmm;
import dev.cloister.policy.protocol.VmmCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One VMM process with its control socket, log and serial pipes. Knows frames but not their meaning. The peer is who holds the
 * other end of the socket it was born with, whatever it says. Loop's thread only, but for the scrollbacks.
 */
public final class VmmLink implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(VmmLink.class);
    /** With more than one the C library looks into /proc at some time when it gives memory back, which the sandbox forbids. */
    private static final String ONE_ARENA = "MALLOC_ARENA_MAX";

    private static final int CONTROL_FD = 3;
    private static final int CHUNK = 8192;
    /** Packets taken from a dead process' socket: what its queue can hold is far below. */
    private static final int MAX_LAST_MESSAGES = 1024;
    /** Time that a process has between closing its socket and being gone. */
    private static final long LAST_BREATH_MILLIS = 2000;

    private static final long REAP_MILLIS = 5000;

    /** Starts a process with that environment and those descriptors, and nothing else of either. */
    public interface Starter {
        /** Starts it. */
        ConfinedProcess start(Map<String, String> environment, Map<Integer, Fd> descriptors) throws IOException;
    }

    /** Takes bytes as they come. */
    public interface Sink {
        /** Takes the first bytes of an array, which is used again afterwards. */
        void append(byte[] bytes, int length);
    }

    /** Who is told what comes. */
    public interface Listener {
        /** A well-formed message. */
        void message(FromVmm message);

        /** Something that is no message of the protocol; the link goes on, the listener will kill it. */
        void garbage(String reason);

        /** A system call that the process' filter refused; its thread waits for good. */
        void refused(String systemCall);

        /** The process is gone and everything it sent has been delivered. */
        void ended(ChildProcess.Exit exit);
    }

    private final EventLoop loop;
    private final Listener listener;
    private final Sink serial;
    private final Sink log;
    private final List<EventLoop.Watch> watches = new ArrayList<>();
    private final List<AutoCloseable> owned = new ArrayList<>();
    private final byte[] chunk = new byte[CHUNK];
    private final Plumbing plumbing;
    private final ConfinedProcess child;
    private EventLoop.Watch socketWatch;
    private Partition.@Nullable Enrolment place;
    private boolean ended;

    /** The descriptors of one process: ours and, until it has them, its own. */
    private record Plumbing(MessageSocket control, Fd serialOut, Fd logOut, Optional<Fd> serialIn) {}

    /** What the process is handed for its serial line. */
    public record Serial(Fd out, Optional<Fd> in) {}

    /** Which ends of the serial line the policy grants. */
    public record ConsoleRights(boolean output, boolean input) {}

    private Optional<Serial> childSerial = Optional.empty();
    private final Keep keep;

    /** Where the descriptors are kept, for the next daemon, and the domain that they are named after. */
    public record Keep(FdStore store, String domain) {
        String name(String what) {
            return "vmm." + domain + "." + what;
        }

        private void put(String what, Fd fd) {
            store.put(name(what), fd);
        }

        private void removeAll() {
            List.of(CONTROL, PIDFD, SERIAL, LOG_PIPE, INPUT, REFUSALS).forEach(what -> store.remove(name(what)));
        }
    }

    private static final String CONTROL = "control";
    private static final String PIDFD = "pid";
    private static final String SERIAL = "serial";
    private static final String LOG_PIPE = "log";
    private static final String INPUT = "input";
    private static final String REFUSALS = "refusals";

    /** Takes over a process that an earlier daemon started, with its descriptors from the store; none if one is missing. */
    public static Optional<VmmLink> adopt(
            EventLoop loop, Keep keep, Function<Fd, ConfinedProcess> held, Sink serial, Sink log, Listener listener) {
        List<Fd> taken = new ArrayList<>();
        for (String what : List.of(CONTROL, PIDFD, SERIAL, LOG_PIPE)) {
            keep.store().take(keep.name(what)).ifPresent(taken::add);
        }
        Optional<Fd> input = keep.store().take(keep.name(INPUT));
        Optional<Fd> refusals = keep.store().take(keep.name(REFUSALS));
        if (taken.size() < 4) {
            taken.forEach(Fd::close);
            input.ifPresent(Fd::close);
            refusals.ifPresent(Fd::close);
            return Optional.empty();
        }
        Plumbing plumbing = new Plumbing(MessageSocket.adopt(taken.get(0)), taken.get(2), taken.get(3), input);
        VmmLink made = new VmmLink(loop, keep, plumbing, held.apply(taken.get(1)), serial, log, listener);
        refusals.ifPresent(made::listen);
        return Optional.of(made);
    }

    private VmmLink(
            EventLoop loop,
            Keep keep,
            Plumbing plumbing,
            ConfinedProcess child,
            Sink serial,
            Sink log,
            Listener listener) {
        this.loop = loop;
        this.keep = keep;
        this.listener = listener;
        this.serial = serial;
        this.log = log;
        this.plumbing = plumbing;
        this.child = child;
        owned.addAll(List.of(plumbing.control(), plumbing.serialOut(), plumbing.logOut(), child));
        plumbing.serialIn().ifPresent(owned::add);
        this.socketWatch = watch(plumbing.control().fd(), this::onControl);
        watchAll();
    }

    private void watchAll() {
        watch(child.end(), this::onExit);
        watchBytes(plumbing.serialOut(), serial);
        watchBytes(plumbing.logOut(), log);
    }

    /** Starts the process. */
    public VmmLink(
            EventLoop loop, Keep keep, Starter starter, ConsoleRights console, Sink serial, Sink log, Listener listener)
            throws IOException {
        this.loop = loop;
        this.keep = keep;
        this.listener = listener;
        this.serial = serial;
        this.log = log;
        List<AutoCloseable> temporary = new ArrayList<>();
        boolean started = false;
        try {
            MessageSocket.Pair pair = MessageSocket.pair();
            owned.add(pair.first());
            temporary.add(pair.second());
            Pipe serialPipe = Pipe.create();
            owned.add(serialPipe.readEnd());
            owned.add(serialPipe.writeEnd());
            Pipe logPipe = Pipe.create();
            owned.add(logPipe.readEnd());
            temporary.add(logPipe.writeEnd());
            Fd nothing = Linux.open("/dev/null", Linux.O_RDWR);
            owned.add(nothing);
            Optional<Pipe> input = console.input() ? Optional.of(Pipe.create()) : Optional.empty();
            input.ifPresent(owned::add);
            this.plumbing =
                    new Plumbing(pair.first(), serialPipe.readEnd(), logPipe.readEnd(), input.map(Pipe::writeEnd));
            this.childSerial = Optional.of(
                    new Serial(console.output() ? serialPipe.writeEnd() : nothing, input.map(Pipe::readEnd)));
            this.child = starter.start(
                    Map.of(ONE_ARENA, "1"),
                    Map.of(
                            0,
                            nothing,
                            1,
                            logPipe.writeEnd(),
                            2,
                            logPipe.writeEnd(),
                            CONTROL_FD,
                            pair.second().fd()));
            owned.add(child);
            this.socketWatch = watch(pair.first().fd(), this::onControl);
            watchAll();
            started = true;
            keep.put(CONTROL, plumbing.control().fd());
            keep.put(PIDFD, child.pidfd());
            keep.put(SERIAL, plumbing.serialOut());
            keep.put(LOG_PIPE, plumbing.logOut());
            input.ifPresent(pipe -> keep.put(INPUT, pipe.writeEnd()));
        } finally {
            closeAll(temporary);
            if (!started) {
                closeAll(owned);
            }
        }
    }

    /** Takes the place that its processes have in the schedule; given back with everything else. */
    public void place(Partition.Enrolment newPlace) {
        place = newPlace;
        owned.add(newPlace);
    }

    /** Gives its place in the schedule back: from now on it runs freely. */
    public void leavePlace() {
        if (place != null) {
            owned.remove(place);
            place.close();
            place = null;
        }
    }

    /** Why a limit ended the process, in words; empty if none did. */
    public Optional<String> exhausted() {
        return child.exhausted();
    }

    /** The process' number. */
    public int pid() {
        return child.pid();
    }

    /** The child's ends of its serial line, until they are forgotten. */
    public Serial childSerial() {
        return childSerial.orElseThrow();
    }

    /** Forgets the child's ends of its serial line once it has them, so that their closing is seen. */
    public void releaseChildSerial() {
        childSerial().out().close();
        childSerial().in().ifPresent(Fd::close);
    }

    /** Returns the end to write serial input to, if the policy grants any; non-blocking. */
    public Optional<Fd> serialInput() {
        return plumbing.serialIn();
    }

    /**
     * Sends a message without ever waiting.
     *
     * @return false if the VMM's queue is full: it does not serve its socket. To one that is gone anything can be sent; its end is
     *     told by other means
     */
    public boolean send(ToVmm message, List<Fd> fds) {
        if (ended) {
            return false;
        }
        ByteBuffer frame = VmmCodec.encode(message);
        byte[] bytes = new byte[frame.remaining()];
        frame.get(bytes);
        try {
            return plumbing.control().trySend(bytes, fds);
        } catch (ErrnoException e) {
            LOG.debug("pid {}: {}", child.pid(), e.getMessage());
            return e.errno() == Errno.EPIPE || e.errno() == Errno.ECONNRESET;
        }
    }

    /** The process has said its last word: it has a moment to be gone. */
    public void expectEnd() {
        loop.after(LAST_BREATH_MILLIS, this::kill);
    }

    /** Kills the process and collects its status, waiting for it; for the daemon's own end. */
    public void reap() {
        kill();
        try {
            if (child.waitFor(REAP_MILLIS).isEmpty()) {
                LOG.error("pid {} does not die", child.pid());
            }
        } catch (ErrnoException e) {
            LOG.error("pid {}: {}", child.pid(), e.getMessage());
        }
    }

    /** Kills the process, wherever its schedule holds it; its end is told as any other. */
    public void kill() {
        if (!ended) {
            try {
                child.kill();
                if (place != null) {
                    place.letDie();
                }
            } catch (ErrnoException e) {
                LOG.error("pid {} can't be killed: {}", child.pid(), e.getMessage());
            }
        }
    }

    private EventLoop.Watch watch(Fd fd, EventLoop.Handler handler) {
        EventLoop.Watch watch = loop.watch(fd, handler);
        watches.add(watch);
        return watch;
    }

    private void watchBytes(Fd fd, Sink sink) {
        EventLoop.Watch[] self = new EventLoop.Watch[1];
        self[0] = watch(fd, () -> {
            if (pump(fd, sink) < 0) {
                self[0].cancel();
            }
        });
    }

    /** Moves one chunk; returns its size, below 0 at the end of the pipe. */
    private int pump(Fd fd, Sink sink) {
        try {
            int count = Pipe.read(fd, chunk, 0, CHUNK);
            if (count > 0) {
                sink.append(chunk, count);
            }
            return count;
        } catch (ErrnoException e) {
            LOG.debug("pid {}: {}", child.pid(), e.getMessage());
            return -1;
        }
    }

    private void onControl() {
        if (!receive()) {
            socketWatch.cancel();
            expectEnd();
        }
    }

    /** Takes one packet; returns false when there will be no more. */
    private boolean receive() {
        try {
            return switch (plumbing.control().receiveWithin(0)) {
                case MessageSocket.Message m -> {
                    deliver(m);
                    yield true;
                }
                case MessageSocket.PeerClosed _ -> false;
                case MessageSocket.NothingYet _ -> !ended;
            };
        } catch (ErrnoException e) {
            listener.garbage(String.valueOf(e.getMessage()));
            return false;
        }
    }

    private void deliver(MessageSocket.Message packet) {
        try {
            FromVmm message = VmmCodec.decodeFromVmm(ByteBuffer.wrap(packet.data()));
            boolean heard = message instanceof FromVmm.Confined confined
                    && confined.problem().isEmpty()
                    && hear(packet.fds());
            if (!heard && !packet.fds().isEmpty() || !heard && claimsListener(message)) {
                listener.garbage("sent " + packet.fds().size() + " descriptors with "
                        + message.getClass().getSimpleName() + ": expected "
                        + (claimsListener(message) ? "one, the listener of a filter" : "none"));
            } else {
                listener.message(message);
            }
        } catch (ProtocolException e) {
            listener.garbage(String.valueOf(e.getMessage()));
        } finally {
            // A listener is kept as a duplicate.
            packet.closeFds();
        }
    }

    private static boolean claimsListener(FromVmm message) {
        return message instanceof FromVmm.Confined confined
                && confined.problem().isEmpty();
    }

    /** Takes the listener of the process' filter; returns whether it is one. */
    private boolean hear(List<Fd> fds) {
        if (fds.size() != 1 || !Seccomp.isListener(fds.getFirst())) {
            return false;
        }
        try {
            Fd refusals = fds.getFirst().duplicate();
            keep.put(REFUSALS, refusals);
            listen(refusals);
            return true;
        } catch (ErrnoException e) {
            LOG.warn("pid {}: {}", child.pid(), e.getMessage());
            return false;
        }
    }

    private void listen(Fd refusals) {
        owned.add(refusals);
        EventLoop.Watch[] self = new EventLoop.Watch[1];
        self[0] = watch(refusals, () -> {
            // One is enough: the process ends for it.
            self[0].cancel();
            onRefused(refusals);
        });
    }

    private void onRefused(Fd refusals) {
        try {
            Seccomp.receive(refusals).map(Seccomp.Refused::text).ifPresent(listener::refused);
        } catch (ErrnoException e) {
            LOG.debug("pid {}: {}", child.pid(), e.getMessage());
        }
    }

    private void onExit() {
        try {
            Optional<ChildProcess.Exit> exit = child.poll();
            if (exit.isPresent() && !ended) {
                ended = true;
                finish(exit.get());
            }
        } catch (ErrnoException e) {
            throw new IllegalStateException("collecting the status of our own child", e);
        }
    }

    /** Delivers what the process left behind, then its end. */
    private void finish(ChildProcess.Exit exit) {
        for (int i = 0; i < MAX_LAST_MESSAGES && receive(); i++) {
            LOG.trace("pid {}: a last message", child.pid());
        }
        drain(plumbing.serialOut(), serial);
        drain(plumbing.logOut(), log);
        listener.ended(exit);
    }

    private void drain(Fd fd, Sink sink) {
        int count = 1;
        for (int i = 0; i * CHUNK < Scrollback.CAPACITY && count > 0; i++) {
            count = pump(fd, sink);
        }
    }

    @Override
    public void close() {
        watches.forEach(EventLoop.Watch::cancel);
        keep.removeAll();
        closeAll(owned);
    }

    private static void closeAll(List<AutoCloseable> objects) {
        for (AutoCloseable object : objects) {
            try {
                object.close();
            } catch (IOException e) {
                LOG.debug("closing", e);
            } catch (Exception e) {
                throw new IllegalStateException("closing a descriptor never fails", e);
            }
        }
        objects.clear();
    }
}
