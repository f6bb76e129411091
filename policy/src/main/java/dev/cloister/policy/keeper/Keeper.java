package dev.cloister.policy.keeper;

import dev.cloister.linux.ChildProcess;
import dev.cloister.linux.Errno;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import dev.cloister.linux.MessageSocket;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import dev.cloister.linux.Spawn;
import dev.cloister.linux.UnixDatagram;
import dev.cloister.policy.partition.HostMechanisms;
import dev.cloister.policy.partition.StopperFactory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Holds a daemon's descriptors and starts it again when a signal that nobody asked for ended it: at most {@value #MOST_RESTARTS} times
 * within ten seconds. The daemon's standard output, over all its lives, is one pipe. One thread runs it; {@link #terminate} is for any.
 */
public final class Keeper implements AutoCloseable {
    /** Restarts within ten seconds; after them it gives up. */
    public static final int MOST_RESTARTS = 3;

    private static final int SIGNAL_BASE = 128;
    /** Most descriptors that are kept; further ones are refused. */
    public static final int MOST_FDS = 4096;

    private static final long SPAN_NANOS = 10_000_000_000L;
    private static final String SOCKET_NAME = "keeper.sock";

    private final List<String> command;
    private final Path path;
    private final MessageSocket socket;
    private final Pipe output = Pipe.create();
    private final EventFd wake = EventFd.create();
    private final Map<String, Fd> kept = new LinkedHashMap<>();
    private final Deque<Long> restarts = new ArrayDeque<>();
    private final Consumer<String> say;
    private volatile ChildProcess daemon;
    private volatile boolean ending;
    private int total;

    /**
     * Starts the daemon.
     *
     * @param command its program by its absolute path, and arguments
     * @param folder a folder that only its owner can enter, for the store's socket
     * @param say is told what people should know
     * @throws IOException if the store or the daemon can't be made
     */
    public Keeper(List<String> command, Path folder, Consumer<String> say) throws IOException {
        this.command = List.copyOf(command);
        this.say = say;
        this.path = folder.toAbsolutePath().resolve(SOCKET_NAME);
        Files.deleteIfExists(path);
        this.socket = UnixDatagram.bind(path.toString());
        this.daemon = spawn();
    }

    /** Returns the daemon's standard output, over all its processes; it ends when the daemon has ended for good. */
    public InputStream output() {
        return new PipeInput(output.readEnd());
    }

    /** Returns how often the daemon was started again. */
    public int restarts() {
        return total;
    }

    private ChildProcess spawn() throws ErrnoException {
        Spawn spawn = Spawn.command(command).fd(1, output.writeEnd()).fd(2, Fd.own(2));
        System.getenv().forEach(spawn::environment);
        int number = FdStore.FIRST_FD;
        for (Fd fd : kept.values()) {
            spawn.fd(number++, fd);
        }
        try (Fd nothing = Linux.open("/dev/null", Linux.O_RDWR)) {
            return spawn.fd(0, nothing)
                    .environment("NOTIFY_SOCKET", path.toString())
                    .environment(FdStore.AGAIN, Integer.toString(total))
                    .environment("LISTEN_FDS", Integer.toString(kept.size()))
                    .environment("LISTEN_FDNAMES", String.join(":", kept.keySet()))
                    .environment(
                            FdStore.KEEPER_PID,
                            Long.toString(ProcessHandle.current().pid()))
                    .start();
        }
    }

    /**
     * Keeps until the daemon has ended for good. Everything that is still kept is closed then.
     *
     * @return the exit code of its last process; 128 and the signal's number if one ended it
     * @throws IOException if waiting fails
     */
    public int run() throws IOException {
        while (true) {
            ChildProcess.Exit exit = serve(daemon);
            receiveAll();
            daemon.close();
            if (ending || !exit.signalled() || !mayRestart(exit)) {
                forget();
                if (exit.signalled()) {
                    // What stands outside its frame would stand for ever, and could not even end itself.
                    HostMechanisms.available().forEach(StopperFactory::sweep);
                }
                return exit.signalled() ? SIGNAL_BASE + exit.value() : exit.value();
            }
            total++;
            say.accept("the policy daemon was killed (" + exit + "); it is started again with " + kept.size()
                    + " descriptors");
            daemon = spawn();
            if (ending) {
                daemon.kill(ChildProcess.SIGTERM);
            }
        }
    }

    private boolean mayRestart(ChildProcess.Exit exit) {
        long now = System.nanoTime();
        while (!restarts.isEmpty() && now - restarts.getFirst() >= SPAN_NANOS) {
            restarts.removeFirst();
        }
        if (restarts.size() >= MOST_RESTARTS) {
            say.accept("the policy daemon was killed (" + exit + ") more than " + MOST_RESTARTS
                    + " times within 10 s: it is not started again, and its domains are let go");
            return false;
        }
        restarts.addLast(now);
        return true;
    }

    private ChildProcess.Exit serve(ChildProcess child) throws ErrnoException {
        try (Poller poller = new Poller()) {
            int messages = poller.add(socket.fd(), Poller.IN);
            poller.add(child.pidfd(), Poller.IN);
            poller.add(wake.fd(), Poller.IN);
            while (true) {
                poller.poll(-1);
                wake.drain();
                if (poller.ready(messages) != 0) {
                    receiveAll();
                }
                Optional<ChildProcess.Exit> exit = child.poll();
                if (exit.isPresent()) {
                    return exit.get();
                }
            }
        }
    }

    private void receiveAll() throws ErrnoException {
        while (receive()) {
            // One datagram at a time, until there is none.
            Thread.onSpinWait();
        }
    }

    private boolean receive() throws ErrnoException {
        try {
            return switch (socket.receiveWithin(0)) {
                case MessageSocket.Message message -> {
                    handle(message);
                    yield true;
                }
                case MessageSocket.PeerClosed _ -> true;
                case MessageSocket.NothingYet _ -> false;
            };
        } catch (ErrnoException e) {
            if (e.errno() != Errno.EOVERFLOW && e.errno() != Errno.EMSGSIZE) {
                throw e;
            }
            say.accept("a message to the descriptor store is refused: " + e.getMessage());
            return true;
        }
    }

    private void handle(MessageSocket.Message message) {
        Map<String, String> fields = new LinkedHashMap<>();
        for (String line : new String(message.data(), StandardCharsets.US_ASCII).split("\n", -1)) {
            int equals = line.indexOf('=');
            if (equals > 0) {
                fields.put(line.substring(0, equals), line.substring(equals + 1));
            }
        }
        String name = fields.getOrDefault("FDNAME", "stored");
        boolean stores = "1".equals(fields.get("FDSTORE")) && message.fds().size() == 1 && good(name);
        if (stores && kept.size() < MOST_FDS) {
            Fd older = kept.put(name, message.fds().getFirst());
            if (older != null) {
                older.close();
            }
            return;
        }
        message.closeFds();
        if ("1".equals(fields.get("FDSTOREREMOVE"))) {
            Fd gone = kept.remove(name);
            if (gone != null) {
                gone.close();
            }
        } else if (!message.fds().isEmpty()) {
            say.accept(
                    "the descriptor store refuses \"" + name + "\": it has " + kept.size() + " of at most " + MOST_FDS);
        }
    }

    /** As systemd has it: printable ASCII without colons, at most 255 characters. */
    private static boolean good(String name) {
        return name.length() <= 255 && !name.isEmpty() && name.chars().allMatch(c -> c > ' ' && c < 127 && c != ':');
    }

    /** Asks the daemon to end in order; it is not started again. */
    public void terminate() {
        ending = true;
        try {
            daemon.kill(ChildProcess.SIGTERM);
            wake.signal();
        } catch (ErrnoException | IllegalStateException e) {
            // It has ended already.
            Thread.onSpinWait();
        }
    }

    private void forget() {
        kept.values().forEach(Fd::close);
        kept.clear();
        output.writeEnd().close();
    }

    @Override
    public void close() throws IOException {
        terminate();
        forget();
        socket.close();
        wake.close();
        output.readEnd().close();
        Files.deleteIfExists(path);
    }
}
