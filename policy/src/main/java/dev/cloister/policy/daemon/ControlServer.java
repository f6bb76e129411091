package dev.cloister.policy.daemon;

import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Listens on the control socket; each client has a thread of its own, so that a slow or bad one holds up nobody. */
final class ControlServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);
    private static final int BACKLOG = 16;
    private static final int MAX_CLIENTS = 64;
    /** Time that watching clients have to take the last snapshot. */
    private static final long FAREWELL_MILLIS = 1000;

    private final ServerSocketChannel channel;
    private final PolicyDaemon daemon;
    private final Fabric fabric;
    private final Set<ControlSession> sessions = ConcurrentHashMap.newKeySet();
    private final Thread acceptor;

    ControlServer(Path socket, PolicyDaemon daemon, Fabric fabric) throws IOException {
        this.daemon = daemon;
        this.fabric = fabric;
        this.channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.bind(UnixDomainSocketAddress.of(socket), BACKLOG);
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        this.acceptor = Thread.ofPlatform().daemon().name("control-accept").unstarted(this::accept);
        acceptor.start();
    }

    private void accept() {
        while (channel.isOpen()) {
            try {
                SocketChannel client = channel.accept();
                if (sessions.size() >= MAX_CLIENTS) {
                    LOG.warn("more than {} control clients; one is turned away", MAX_CLIENTS);
                    client.close();
                } else {
                    begin(client);
                }
            } catch (IOException e) {
                LOG.debug("control socket: {}", e.getMessage());
            }
        }
    }

    private void begin(SocketChannel client) {
        ControlSession session = new ControlSession(client, daemon, fabric);
        sessions.add(session);
        session.start(() -> sessions.remove(session));
    }

    void stopAccepting() throws IOException {
        channel.close();
    }

    /** Gives watching clients the last state, and all others a short time to read their answers. */
    void finish(Snapshot last) {
        long until = System.nanoTime() + FAREWELL_MILLIS * 1_000_000;
        sessions.forEach(session -> session.finish(last));
        for (ControlSession session : sessions) {
            session.join(until);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
        sessions.forEach(ControlSession::close);
    }
}
