package dev.cloister.policy.socket;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Poller;
import dev.cloister.linux.StreamListener;
import dev.cloister.linux.StreamSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A Unix socket at which programs of the host say, with {@code CONNECT port}, which port of a guest they want. All but the making is for
 * the thread that has the poller.
 */
public final class Callers implements AutoCloseable {
    /** Programs that have not said yet what they want; one more takes the place of the oldest. */
    public static final int MAX_WAITING = 64;

    private final Path path;
    private final StreamListener listener;
    private final List<Waiting> waiting = new ArrayList<>();
    private @Nullable Poller poller;
    private int listenerSlot = -1;

    /** Who is called. */
    @FunctionalInterface
    public interface Called {
        /**
         * A program has said which port it wants.
         *
         * @param port the guest's, unsigned
         * @param program its socket, whose owner this becomes
         * @throws ErrnoException when the kernel refuses what is done about it
         */
        void called(int port, StreamSocket program) throws ErrnoException;
    }

    private record Waiting(StreamSocket socket, int slot, ConnectLine line) {}

    /**
     * Listens. A socket that nobody listens at any more is replaced.
     *
     * @param path where programs connect, at most 107 bytes
     * @throws IOException an ErrnoException such as {@code EADDRINUSE} when something else is at the path
     */
    public Callers(Path path) throws IOException {
        this.path = path;
        this.listener = StreamListener.unix(path);
    }

    /**
     * Has the poller wait for programs that connect, or not; who has connected already is heard in any case.
     *
     * @param with the thread's, the same in each call
     * @param accepting whether somebody is there for them
     */
    public void watch(Poller with, boolean accepting) {
        poller = with;
        if (accepting && listenerSlot < 0) {
            listenerSlot = with.add(listener.fd(), Poller.IN);
        } else if (!accepting && listenerSlot >= 0) {
            with.remove(listenerSlot);
            listenerSlot = -1;
        }
    }

    /**
     * Takes programs that connect and hears what they want, after the poller has waited.
     *
     * @param called told of each that has said it
     * @throws ErrnoException when the kernel refuses, or from who is called
     */
    public void serve(Called called) throws ErrnoException {
        Poller with = poller;
        if (with == null) {
            return;
        }
        if (listenerSlot >= 0 && with.ready(listenerSlot) != 0) {
            accept(with);
        }
        for (Waiting program : List.copyOf(waiting)) {
            if (with.ready(program.slot) != 0) {
                listen(with, program, called);
            }
        }
    }

    private void accept(Poller with) throws ErrnoException {
        StreamSocket socket = listener.accept().orElse(null);
        if (socket == null) {
            return;
        }
        if (waiting.size() == MAX_WAITING) {
            Waiting oldest = waiting.getFirst();
            forget(with, oldest);
            oldest.socket.close();
        }
        waiting.add(new Waiting(socket, with.add(socket.fd(), Poller.IN), new ConnectLine()));
    }

    private void listen(Poller with, Waiting program, Called called) throws ErrnoException {
        ConnectLine.Result result = program.line.read(program.socket);
        if (result == ConnectLine.Result.MORE) {
            return;
        }
        forget(with, program);
        if (result == ConnectLine.Result.DONE) {
            called.called(program.line.port(), program.socket);
        } else {
            program.socket.close();
        }
    }

    private void forget(Poller with, Waiting program) {
        waiting.remove(program);
        with.remove(program.slot);
    }

    /**
     * Closes everything and takes the path away; while the poller is still there.
     *
     * @throws IOException if the path can't be taken away
     */
    @Override
    public void close() throws IOException {
        Poller with = poller;
        if (with != null) {
            watch(with, false);
            for (Waiting program : List.copyOf(waiting)) {
                forget(with, program);
                program.socket.close();
            }
        }
        listener.close();
        Files.deleteIfExists(path);
    }
}
