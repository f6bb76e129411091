package dev.cloister.vmm.console;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Poller;
import dev.cloister.linux.StreamListener;
import dev.cloister.linux.StreamSocket;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A Unix socket at which one program at a time is the other end; the next one that connects waits until it has gone. What the guest says
 * while nobody is there is dropped. Whoever reads the input accepts the programs; the guest's end of a line that isn't read (its queue is
 * full) makes them wait. The path stays when it is closed, since a process in its sandbox can't take it away; who listens there next does.
 */
public final class SocketEnd implements HostEnd {
    /** How long a writer waits before it looks whether the program is still the same, in milliseconds. */
    private static final int LOOK_MILLIS = 100;

    private final StreamListener listener;
    private final EventFd doorbell;
    private final Poller poller = new Poller();
    private final int listenerSlot;
    private final Object lock = new Object();
    private final InputStream input = new Input();
    private final OutputStream output = new Output();
    private Consumer<Boolean> connection = there -> {};
    /** Changed by the reader under the lock. */
    private @Nullable StreamSocket program;

    private volatile boolean closed;

    private SocketEnd(StreamListener listener, EventFd doorbell) {
        this.listener = listener;
        this.doorbell = doorbell;
        listenerSlot = poller.add(listener.fd(), Poller.IN);
        poller.add(doorbell.fd(), Poller.IN);
    }

    /**
     * Listens.
     *
     * @param path where programs connect, at most 107 bytes; only this user can
     * @return the end
     * @throws IOException such as {@code EADDRINUSE} where something else is at the path
     */
    public static SocketEnd listen(Path path) throws IOException {
        StreamListener listener = StreamListener.unix(path);
        boolean done = false;
        try {
            SocketEnd end = new SocketEnd(listener, EventFd.create());
            done = true;
            return end;
        } finally {
            if (!done) {
                listener.close();
            }
        }
    }

    @Override
    public InputStream input() {
        return input;
    }

    @Override
    public OutputStream output() {
        return output;
    }

    @Override
    public void onConnection(Consumer<Boolean> told) {
        connection = told;
        told.accept(false);
    }

    @Override
    public OptionalInt listener() {
        return OptionalInt.of(listener.fd().number());
    }

    @Override
    public void close() {
        closed = true;
        doorbell.ring();
    }

    /** What the program sends; one reader, which does everything else as well. */
    private final class Input extends InputStream {
        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            byte[] chunk = new byte[Math.min(length, StreamSocket.CHUNK)];
            while (!closed) {
                StreamSocket current = program;
                int count = current == null ? accept() : receive(current, chunk);
                if (count > 0) {
                    System.arraycopy(chunk, 0, into, offset, count);
                    return count;
                }
            }
            end();
            return -1;
        }

        private int accept() throws IOException {
            poller.poll(-1);
            StreamSocket next = !closed && poller.ready(listenerSlot) != 0
                    ? listener.accept().orElse(null)
                    : null;
            if (next != null) {
                synchronized (lock) {
                    program = next;
                }
                connection.accept(true);
            }
            return 0;
        }

        private int receive(StreamSocket current, byte[] chunk) throws IOException {
            int slot = poller.add(current.fd(), Poller.IN);
            // Who connects meanwhile waits in the listener's queue.
            poller.change(listenerSlot, 0);
            try {
                poller.poll(-1);
            } finally {
                poller.change(listenerSlot, Poller.IN);
                poller.remove(slot);
            }
            int count = closed ? 0 : received(current, chunk);
            if (count < 0) {
                leave(current);
            }
            return count;
        }

        private static int received(StreamSocket current, byte[] chunk) {
            try {
                return current.receive(chunk);
            } catch (ErrnoException e) {
                // A broken connection is one that has ended.
                return -1;
            }
        }

        private void leave(StreamSocket current) {
            synchronized (lock) {
                program = null;
                current.close();
            }
            connection.accept(false);
        }

        private void end() throws IOException {
            synchronized (lock) {
                if (program != null) {
                    program.close();
                    program = null;
                }
                listener.close();
            }
            poller.close();
            doorbell.close();
        }
    }

    /** What the program gets. */
    private final class Output extends OutputStream {
        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] from, int offset, int length) throws IOException {
            int done = 0;
            while (done < length && !closed) {
                StreamSocket current;
                int sent;
                synchronized (lock) {
                    current = program;
                    sent = current == null ? length - done : current.send(from, offset + done, length - done);
                }
                if (sent < 0) {
                    // The program has gone: the reader will see it.
                    return;
                }
                done += sent;
                if (sent == 0 && current != null) {
                    await(current);
                }
            }
        }

        private static void await(StreamSocket current) throws ErrnoException {
            try {
                Poller.await(current.fd(), Poller.OUT, LOOK_MILLIS);
            } catch (IllegalStateException e) {
                // It has gone meanwhile, which the next look tells.
                return;
            }
        }
    }
}
