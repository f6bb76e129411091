package dev.cloister.policy.keeper;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.MessageSocket;
import dev.cloister.linux.UnixDatagram;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The daemon's side of a descriptor store (sd_notify(3): {@code FDSTORE=1}, {@code FDNAME=}, {@code FDSTOREREMOVE=1}; sd_listen_fds(3)).
 * Without a store everything is done in vain, without an error. One thread at a time.
 */
public final class FdStore implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FdStore.class);
    /** sd_listen_fds(3): {@code SD_LISTEN_FDS_START}. */
    public static final int FIRST_FD = 3;
    /**
     * Names the keeper's process, which is our parent, in place of {@code LISTEN_PID}: who starts a process by posix_spawn(3) doesn't
     * know its number yet.
     */
    static final String KEEPER_PID = "CLOISTER_KEEPER_PID";

    private static final int MAX_INHERITED = 4096;

    /** How often the keeper has started the daemon before. */
    static final String AGAIN = "CLOISTER_RESTARTS";

    private final @Nullable MessageSocket socket;
    private final boolean again;
    private final Map<String, Fd> inherited;
    private boolean lost;

    private FdStore(@Nullable MessageSocket socket, Map<String, Fd> inherited, boolean again) {
        this.again = again;
        this.socket = socket;
        this.inherited = inherited;
    }

    /** Returns a store that keeps nothing. */
    public static FdStore none() {
        return new FdStore(null, new LinkedHashMap<>(), false);
    }

    /**
     * Finds the store that the environment names, and takes what it gave back. Call once in a process: the descriptors are owned by
     * the result.
     *
     * @return the store, or one that keeps nothing
     * @throws ErrnoException if the environment names a store that can't be reached
     */
    public static FdStore ofEnvironment() throws ErrnoException {
        Map<String, String> environment = System.getenv();
        String name = environment.get("NOTIFY_SOCKET");
        Map<String, Fd> given = new LinkedHashMap<>();
        List<String> names = names(
                environment,
                ProcessHandle.current().pid(),
                ProcessHandle.current().parent().map(ProcessHandle::pid).orElse(0L));
        for (int i = 0; i < names.size(); i++) {
            try (Fd fd = Fd.own(FIRST_FD + i)) {
                // The duplicate is close-on-exec.
                Fd older = given.put(names.get(i), fd.duplicate());
                if (older != null) {
                    older.close();
                }
            }
        }
        boolean again = !given.isEmpty() || count(environment.getOrDefault(AGAIN, "0")) > 0;
        return new FdStore(name == null || name.isEmpty() ? null : UnixDatagram.messages(name), given, again);
    }

    /** The names of the descriptors that are meant for us, in the order of their numbers. */
    static List<String> names(Map<String, String> environment, long pid, long parent) {
        boolean ours = Long.toString(pid).equals(environment.get("LISTEN_PID"))
                || Long.toString(parent).equals(environment.get(KEEPER_PID));
        if (!ours) {
            return List.of();
        }
        int count = count(environment.getOrDefault("LISTEN_FDS", "0"));
        List<String> given =
                List.of(environment.getOrDefault("LISTEN_FDNAMES", "").split(":", -1));
        List<String> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            names.add(i < given.size() && !given.get(i).isEmpty() ? given.get(i) : "unknown" + i);
        }
        return names;
    }

    private static int count(String text) {
        try {
            return Math.clamp(Integer.parseInt(text), 0, MAX_INHERITED);
        } catch (NumberFormatException e) {
            LOG.warn("LISTEN_FDS={}: expected a number; no descriptor is taken", text);
            return 0;
        }
    }

    /** Returns whether somebody keeps what is put here. */
    public boolean present() {
        return socket != null && !lost;
    }

    /** Returns whether a keeper started this process in place of one that was killed. */
    public boolean again() {
        return again;
    }

    /**
     * Takes a descriptor that came back.
     *
     * @param name its name
     * @return the descriptor, which is the caller's from here on
     */
    public Optional<Fd> take(String name) {
        return Optional.ofNullable(inherited.remove(name));
    }

    /** Closes, here and in the store, what came back and nobody took. */
    public void dropRest() {
        inherited.forEach((name, fd) -> {
            fd.close();
            remove(name);
        });
        inherited.clear();
    }

    /**
     * Hands a duplicate of a descriptor to the store.
     *
     * @param name a name of its own, printable ASCII without colons, at most 255 bytes
     * @param fd stays the caller's
     */
    public void put(String name, Fd fd) {
        // Without FDPOLL=0 systemd closes pipes whose other end has closed, with what is still to be read.
        send("FDSTORE=1\nFDPOLL=0\nFDNAME=" + name, List.of(fd));
    }

    /** Lets the store forget a descriptor. */
    public void remove(String name) {
        send("FDSTOREREMOVE=1\nFDNAME=" + name, List.of());
    }

    /** Tells that the daemon serves. */
    public void ready() {
        send("READY=1", List.of());
    }

    private void send(String text, List<Fd> fds) {
        if (socket == null || lost) {
            return;
        }
        try {
            socket.send(text.getBytes(StandardCharsets.US_ASCII), fds);
        } catch (ErrnoException e) {
            lost = true;
            LOG.error("the descriptor store is gone ({}): if this daemon is lost, its domains end", e.getMessage());
        }
    }

    /** Closes what nobody took, but leaves it in the store. */
    @Override
    public void close() {
        inherited.values().forEach(Fd::close);
        inherited.clear();
        if (socket != null) {
            socket.close();
        }
    }
}
