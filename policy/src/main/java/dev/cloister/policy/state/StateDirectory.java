package dev.cloister.policy.state;

import dev.cloister.linux.HostUser;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The daemon's directory, mode 0700, held by a lock as long as the daemon lives. The kernel drops the lock with the process,
 * however it ends; whoever holds it may therefore remove a socket that was left behind.
 */
public final class StateDirectory implements java.io.Closeable {
    /** Name of the control socket in the directory. */
    public static final String SOCKET_NAME = "control.sock";
    /** Name of the lock in the directory. */
    private static final String LOCK_NAME = "lock";

    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");
    private static final Set<PosixFilePermission> OWNER_FILE = PosixFilePermissions.fromString("rw-------");
    /** Bytes of {@code sun_path} with its NUL, unix(7). */
    private static final int MAX_SOCKET_PATH = 107;

    private final FileChannel lock;
    private final Path socket;

    private StateDirectory(FileChannel lock, Path socket) {
        this.lock = lock;
        this.socket = socket;
    }

    /** Makes the directory if it is missing and takes it, or says who has it. */
    public static StateDirectory take(Path stateDirectory) throws IOException {
        Path directory = stateDirectory.toAbsolutePath();
        Path socket = directory.resolve(SOCKET_NAME);
        if (socket.toString().getBytes(StandardCharsets.UTF_8).length > MAX_SOCKET_PATH) {
            throw new IOException("state directory " + directory + ": the control socket's path would be longer than "
                    + MAX_SOCKET_PATH + " bytes; use a shorter directory");
        }
        make(directory);
        Set<PosixFilePermission> mode = Files.getPosixFilePermissions(directory, LinkOption.NOFOLLOW_LINKS);
        if (!OWNER_ONLY.containsAll(mode)) {
            throw new IOException("state directory " + directory + " has mode " + PosixFilePermissions.toString(mode)
                    + ": expected rwx------; run chmod 700");
        }
        FileChannel channel = FileChannel.open(
                directory.resolve(LOCK_NAME),
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(OWNER_FILE));
        try {
            if (lock(channel) == null) {
                throw new IOException("state directory " + directory
                        + " is in use by another daemon; stop it or use another directory");
            }
            Files.deleteIfExists(socket);
            return new StateDirectory(channel, socket);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /** Gives the directory and what is in it to a user. */
    public static void handOver(Path directory, HostUser user) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                user.own(file);
            }
        }
        user.own(directory);
    }

    private static void make(Path directory) throws IOException {
        try {
            Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        } catch (IOException e) {
            // The file system's exceptions have a bare path as their message.
            throw new IOException(
                    "can't make the state directory " + directory + ": "
                            + e.getClass().getSimpleName() + " at " + e.getMessage()
                            + "; choose another place with --state or CLOISTER_STATE",
                    e);
        }
    }

    private static @Nullable FileLock lock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException _) {
            return null;
        }
    }

    /** The path of the control socket. */
    public Path socket() {
        return socket;
    }

    @Override
    public void close() throws IOException {
        try (lock) {
            Files.deleteIfExists(socket);
        }
    }
}
