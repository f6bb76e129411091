package dev.cloister.policy.daemon.host;

import dev.cloister.linux.BlockFile;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Linux;
import dev.cloister.linux.OpenFileMark;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostObject;
import dev.cloister.policy.protocol.DomainConfig;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A disk of the policy as the daemon has it open: resolved once, locked against other programs that lock disks, measured where the
 * policy states a digest. What is handed to VMMs are openings of this very file, each for one direction. Any thread.
 */
public final class HostDisk implements AutoCloseable {
    private static final int SECTOR = 512;
    private static final int CHUNK = 1 << 20;
    private static final String EVERY_JDK = "every JDK has SHA-256";
    /** So often people are told how far the measuring is. */
    private static final long PROGRESS_BYTES = 256L << 20;

    private final String name;
    private final HostObject.Disk object;
    private final BlockFile file;
    private final String sha256;
    private boolean closed;

    private HostDisk(String name, HostObject.Disk object, BlockFile file, String sha256) {
        this.name = name;
        this.object = object;
        this.file = file;
        this.sha256 = sha256;
    }

    /**
     * Opens, locks and measures; that may take long.
     *
     * @param endpoint what the policy calls it
     * @param object where it is
     * @param written whether some flow of the policy writes it: then nobody else may have it
     * @param kept an earlier daemon's descriptor of it, with its lock, where there is one; taken over
     * @param progress told now and then how far the measuring is
     */
    static HostDisk open(
            HostEndpoint endpoint,
            HostObject.Disk object,
            boolean written,
            Optional<Fd> kept,
            Consumer<String> progress)
            throws IOException {
        Fd fd = kept.isPresent() ? kept.get() : opened(endpoint, object);
        BlockFile file = BlockFile.own(fd, object.path());
        boolean done = false;
        try {
            requireSize(endpoint, object, file.bytes());
            if (!file.tryLock(written)) {
                throw new IOException(
                        endpoint.name() + ": " + object.path() + " is in use by another process; end that,"
                                + " or declare the disk readOnly in all who use it");
            }
            String digest = object.sha256().isPresent() ? measure(endpoint.name(), file, progress) : "";
            done = true;
            return new HostDisk(endpoint.name(), object, file, digest);
        } finally {
            if (!done) {
                file.close();
            }
        }
    }

    private static void requireSize(HostEndpoint endpoint, HostObject.Disk object, long bytes) throws IOException {
        if (bytes <= 0 || bytes % SECTOR != 0) {
            throw new IOException(endpoint.name() + ": " + object.path() + " has " + bytes
                    + " bytes; expected a raw disk image, a positive multiple of " + SECTOR);
        }
        if (object.persistentMemory()) {
            requireRange(endpoint, object, bytes);
        }
    }

    private static Fd opened(HostEndpoint endpoint, HostObject.Disk object) throws IOException {
        Path path = object.resolved();
        if (Files.isDirectory(path)) {
            throw new IOException(
                    endpoint.name() + ": " + object.path() + " is a directory; expected a raw disk image");
        }
        // Not to wait where somebody has put a pipe.
        return Linux.open(path.toString(), Linux.O_RDONLY | Linux.O_NONBLOCK);
    }

    private static void requireRange(HostEndpoint endpoint, HostObject.Disk object, long bytes) throws IOException {
        boolean fits =
                bytes % DomainConfig.PersistentRange.ALIGNMENT == 0 && bytes <= DomainConfig.PersistentRange.MOST_BYTES;
        if (!fits) {
            throw new IOException(endpoint.name() + ": " + object.path() + " has " + bytes
                    + " bytes; expected of persistent memory a multiple of 2 MiB up to 512 GiB (truncate -s"
                    + " makes one)");
        }
    }

    private static String measure(String name, BlockFile file, Consumer<String> progress) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            MemorySegment buffer = arena.allocate(CHUNK, SECTOR);
            MemorySegment[] piece = new MemorySegment[1];
            for (long at = 0; at < file.bytes(); at += piece[0].byteSize()) {
                if (at % PROGRESS_BYTES == 0 && at > 0) {
                    progress.accept("measuring " + name + ": " + (at >> 20) + " of " + (file.bytes() >> 20) + " MiB");
                }
                piece[0] = buffer.asSlice(0, Math.min(CHUNK, file.bytes() - at));
                file.read(at, piece, 1);
                ByteBuffer bytes = piece[0].asByteBuffer();
                sha.update(bytes);
            }
            return HexFormat.of().formatHex(sha.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(EVERY_JDK, e);
        }
    }

    /** What the policy calls it. */
    public String name() {
        return name;
    }

    /** Whether this is what a policy means by that name. */
    public boolean is(HostObject.Disk stated) {
        return object.resolved().equals(stated.resolved())
                && object.sha256().equals(stated.sha256())
                && object.readOnly() == stated.readOnly()
                && object.persistentMemory() == stated.persistentMemory();
    }

    /** Whether guests find it as persistent memory. */
    boolean isMemory() {
        return object.persistentMemory();
    }

    /** Its digest, 64 lower-case hexadecimal digits; empty where the policy states none. */
    public String sha256() {
        return sha256;
    }

    long bytes() {
        return file.bytes();
    }

    /** What was measured and, where it differs, what the policy states; empty where nothing was. */
    String text() {
        if (sha256.isEmpty()) {
            return "";
        }
        String stated = object.sha256().orElse("");
        String found = name + " has SHA-256 " + sha256;
        return sha256.equals(stated) ? found : found + " but the policy expects " + stated;
    }

    /**
     * One opening of the disk that is handed out.
     *
     * @param fd the descriptor, which can read or write but not both, unless it is for memory that is written
     * @param mark by which it is known whether it is still in use
     */
    public record Opening(HostDisk disk, Fd fd, long mark) {
        /** Whether nobody has it any more; the daemon's own descriptor is closed. */
        public boolean released() {
            return disk.released(mark);
        }
    }

    /** Whether nobody but the daemon has the opening of that mark. */
    public boolean released(long mark) {
        try {
            return !file.isMarkedElsewhere(mark);
        } catch (ErrnoException e) {
            return false;
        }
    }

    /**
     * The mark of what is handed over for one opening of a channel: the daemon's successor knows it again.
     *
     * @param opening what names that opening, and no other that is handed over at the same time
     */
    public static long mark(String opening) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(opening.getBytes(StandardCharsets.UTF_8));
            return OpenFileMark.FIRST | ByteBuffer.wrap(digest).getLong() & OpenFileMark.FIRST - 1;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(EVERY_JDK, e);
        }
    }

    /** Has its descriptor kept elsewhere, unless it is closed. */
    synchronized void keep(Consumer<Fd> where) {
        if (!closed) {
            file.lend(where);
        }
    }

    /** Opens the same file for one direction; memory can't be written without being read, as the policy's reader knows. */
    public Opening hand(boolean write, long mark) throws ErrnoException {
        int writing = isMemory() ? Linux.O_RDWR : Linux.O_WRONLY;
        Fd fd = Linux.open("/proc/self/fd/" + file.descriptor(), write ? writing : Linux.O_RDONLY);
        boolean done = false;
        try {
            OpenFileMark.set(fd, write, mark);
            done = true;
            return new Opening(this, fd, mark);
        } finally {
            if (!done) {
                fd.close();
            }
        }
    }

    /** Whoever keeps the descriptor keeps no lock. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            file.unlock();
            file.close();
        }
    }
}
