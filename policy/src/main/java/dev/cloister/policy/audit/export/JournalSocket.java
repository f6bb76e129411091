package dev.cloister.policy.audit.export;

import dev.cloister.linux.Errno;
import dev.cloister.linux.ErrnoException;
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
     * Sends a record, cut if the socket takes no datagram of its length; waits while the journal's queue is full.
     *
     * @throws IOException if the journal is gone
     */
    public void send(AuditEntry entry) throws IOException {
        try {
            socket.send(JournalFormat.datagram(entry));
        } catch (ErrnoException e) {
            if (e.errno() != Errno.EMSGSIZE) {
                throw e;
            }
            socket.send(JournalFormat.shortDatagram(entry));
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
