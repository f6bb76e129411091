package dev.cloister.vmm.vsock;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.MessageSocket;
import dev.cloister.linux.MessageSocket.Message;
import dev.cloister.linux.Poller;
import dev.cloister.linux.StreamListener;
import dev.cloister.linux.StreamSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes the sockets of one guest's connections for its VMM process, which can't: connects to {@code PATH_port} where the guest asks for a
 * port of the host, and accepts programs at {@code PATH} until they have said which port of the guest they want. Knows no other path.
 * Thread: one.
 */
public final class SocketBroker implements AutoCloseable {
    /** Programs that have not said yet what they want; one more takes the place of the oldest. */
    static final int MAX_WAITING = 64;

    private final Path path;
    private final MessageSocket vmm;
    private final StreamListener listener;
    private final Poller poller = new Poller();
    private final int vmmSlot;
    private final int listenerSlot;
    private final List<Waiting> waiting = new ArrayList<>();

    /** A program that is saying what it wants. */
    private static final class Waiting {
        private final StreamSocket socket;
        private final int slot;
        private final ConnectLine line = new ConnectLine();

        Waiting(StreamSocket socket, int slot) {
            this.socket = socket;
            this.slot = slot;
        }
    }

    /**
     * Listens.
     *
     * @param path where programs of the host connect, at most 96 bytes, so that a port's number fits behind
     * @param vmm the VMM process; stays the caller's
     * @throws IOException an ErrnoException such as {@code EADDRINUSE} when something else is at the path
     */
    public SocketBroker(Path path, MessageSocket vmm) throws IOException {
        this.path = path;
        this.vmm = vmm;
        this.listener = StreamListener.unix(path);
        vmmSlot = poller.add(vmm.fd(), Poller.IN);
        listenerSlot = poller.add(listener.fd(), Poller.IN);
    }

    /**
     * Serves until the VMM process is gone.
     *
     * @throws ErrnoException if the kernel refuses to wait, or the VMM's socket breaks
     */
    public void run() throws ErrnoException {
        boolean lives = true;
        while (lives) {
            poller.poll(-1);
            if (poller.ready(listenerSlot) != 0) {
                accept();
            }
            for (Waiting program : List.copyOf(waiting)) {
                if (poller.ready(program.slot) != 0) {
                    listen(program);
                }
            }
            lives = poller.ready(vmmSlot) == 0 || hear();
        }
    }

    private boolean hear() throws ErrnoException {
        return switch (vmm.receiveWithin(0)) {
            case Message message -> {
                message.closeFds();
                if (BrokerMessage.of(message.data()).orElse(null) instanceof BrokerMessage.Connect connect) {
                    connect(connect);
                }
                yield true;
            }
            case MessageSocket.PeerClosed _ -> false;
            case MessageSocket.NothingYet _ -> true;
        };
    }

    private void connect(BrokerMessage.Connect request) throws ErrnoException {
        StreamSocket socket;
        try {
            socket = StreamSocket.connect(Path.of(path + "_" + Integer.toUnsignedString(request.port())));
        } catch (ErrnoException | IllegalArgumentException e) {
            vmm.send(new BrokerMessage.Refused(request.key()).bytes());
            return;
        }
        try (socket) {
            vmm.send(new BrokerMessage.Connected(request.key()).bytes(), List.of(socket.fd()));
        }
    }

    private void accept() throws ErrnoException {
        StreamSocket socket = listener.accept().orElse(null);
        if (socket == null) {
            return;
        }
        if (waiting.size() == MAX_WAITING) {
            forget(waiting.getFirst());
        }
        waiting.add(new Waiting(socket, poller.add(socket.fd(), Poller.IN)));
    }

    private void listen(Waiting program) throws ErrnoException {
        ConnectLine.Result result = program.line.read(program.socket);
        if (result == ConnectLine.Result.DONE) {
            vmm.send(new BrokerMessage.Incoming(program.line.port()).bytes(), List.of(program.socket.fd()));
        }
        if (result != ConnectLine.Result.MORE) {
            forget(program);
        }
    }

    private void forget(Waiting program) {
        waiting.remove(program);
        poller.remove(program.slot);
        program.socket.close();
    }

    /** Closes everything and takes the path away. */
    @Override
    public void close() throws IOException {
        waiting.forEach(program -> program.socket.close());
        poller.close();
        listener.close();
        Files.deleteIfExists(path);
    }
}
