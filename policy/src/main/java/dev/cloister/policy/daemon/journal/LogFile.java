package dev.cloister.policy.daemon.journal;

import dev.cloister.linux.HostUser;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.model.HostObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A host file that serial output and lines of logs are appended to, never through a symbolic link. When it would grow beyond its bound it becomes
 * {@code .1}, in place of an older one. What can't be written is counted, told to the audit log once, and lost: the guest goes on.
 * Loop's thread only.
 */
public final class LogFile implements AutoCloseable {
    private static final String OLD = ".1";

    private final String name;
    private final Path path;
    private final long maxBytes;
    private final Journal journal;
    private @Nullable FileChannel channel;
    private long size;
    private long lost;

    /** A file that is not open yet, by the name of its endpoint. */
    public LogFile(String name, HostObject.Log log, Journal journal) {
        this.name = name;
        this.path = log.resolved();
        this.maxBytes = log.maxBytes();
        this.journal = journal;
    }

    /** Opens the file, before any domain starts. */
    public void open() throws IOException {
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS) && !Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
            throw new IOException(name + ": " + path + " is not a regular file; move it away or name another path");
        }
        try {
            channel = FileChannel.open(
                    path,
                    Set.of(
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.APPEND,
                            LinkOption.NOFOLLOW_LINKS),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            size = channel.size();
        } catch (IOException e) {
            throw new IOException(
                    name + ": can't open " + path + ": " + e.getClass().getSimpleName() + " " + e.getMessage(), e);
        }
    }

    /** Gives the file to a user. */
    public void handOver(HostUser user) throws IOException {
        user.own(path);
    }

    /** Appends the first bytes of an array. */
    public void append(byte[] bytes, int length) {
        try {
            if (size + length > maxBytes && size > 0) {
                rotate();
            }
            FileChannel open = channel;
            if (open == null) {
                throw new IOException("the file is not open");
            }
            ByteBuffer left = ByteBuffer.wrap(bytes, 0, (int) Math.min(length, maxBytes));
            while (left.hasRemaining()) {
                size += open.write(left);
            }
            recovered();
        } catch (IOException e) {
            if (lost == 0) {
                journal.write(AuditKind.LOG_LOST, "log", name + " (" + path + "): " + e.getMessage());
            }
            lost += length;
        }
    }

    private void recovered() {
        if (lost > 0) {
            journal.write(AuditKind.LOG_LOST, "log", name + ": written again; " + lost + " bytes are lost");
            lost = 0;
        }
    }

    private void rotate() throws IOException {
        close();
        Files.move(path, path.resolveSibling(path.getFileName() + OLD), StandardCopyOption.REPLACE_EXISTING);
        open();
    }

    @Override
    public void close() throws IOException {
        FileChannel open = channel;
        channel = null;
        if (open != null) {
            open.close();
        }
    }
}
