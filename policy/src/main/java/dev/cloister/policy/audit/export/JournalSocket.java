package dev.cloister.policy.audit.export;

import dev.cloister.linux.UnixDatagram;
import dev.cloister.policy.audit.AuditEntry;
import java.io.IOException;
import java.nio.file.Path;

/** The running systemd journal, to which records are sent by its native protocol. For one thread. */
public final class JournalSocket implements AutoCloseable {
    /** Where the journal listens: systemd-journald.service(8). */
    public static final Path PATH = Path.of("/run/systemd/journal/socket");

    private final UnixDatagram socket;

    private JournalSocket(UnixDatagram socket) {
        this.socket = socket;
    }

    /**
     * Connects.
     *
     * @param path the journal's socket, normally {@link #PATH}
     * @throws IOException if nobody listens there
     */
    public static JournalSocket connect(Path path) throws IOException {
        return new JournalSocket(UnixDatagram.connect(path));
    }

    /**
     * Sends a record; waits while the journal's queue is full.
     *
     * @throws IOException if the journal is gone or takes no message of that length
     */
    public void send(AuditEntry entry) throws IOException {
        socket.send(JournalFormat.datagram(entry));
    }

    @Override
    public void close() {
        socket.close();
    }
}
