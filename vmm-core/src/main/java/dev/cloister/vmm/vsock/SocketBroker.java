package dev.cloister.vmm.vsock;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.MessageSocket;
import dev.cloister.linux.MessageSocket.Message;
import dev.cloister.linux.Poller;
import dev.cloister.linux.StreamSocket;
import dev.cloister.policy.socket.Callers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Makes the sockets of one guest's connections for its VMM process, which can't: connects to {@code PATH_port} where the guest asks for a
 * port of the host, and accepts programs at {@code PATH} until they have said which port of the guest they want. Knows no other path.
 * Thread: one.
 */
public final class SocketBroker implements AutoCloseable {
    private final Path path;
    private final MessageSocket vmm;
    private final Callers callers;
    private final Poller poller = new Poller();
    private final int vmmSlot;
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
        this.callers = new Callers(path);
        vmmSlot = poller.add(vmm.fd(), Poller.IN);
        callers.watch(poller, true);
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
            callers.serve(this::called);
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

    private void called(int port, StreamSocket program) throws ErrnoException {
        try (program) {
            vmm.send(new BrokerMessage.Incoming(port).bytes(), List.of(program.fd()));
        }
    }

    /** Closes everything and takes the path away. */
    @Override
    public void close() throws IOException {
        callers.close();
        poller.close();
    }
}
