package dev.cloister.policy.audit;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;

/**
 * A log in a file of mode 0600, with its head in a file beside it and an exclusive lock on a third: POSIX drops a lock
 * when the process closes any descriptor of the locked file, and readers in this process open and close the log.
 */
final class FileAuditStorage implements AuditStorage {
    private static final String NEXT = ".next";
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");

    private final Path file;
    private final FileChannel lockChannel;
    // RandomAccessFile and not FileChannel: an interrupt of the appending thread would close the channel.
    private RandomAccessFile log;
    private final RandomAccessFile head;

    private FileAuditStorage(Path file, FileChannel lockChannel, RandomAccessFile log, RandomAccessFile head) {
        this.file = file;
        this.lockChannel = lockChannel;
        this.log = log;
        this.head = head;
    }

    static FileAuditStorage open(Path file) throws IOException {
        Path lockFile = sibling(file, ".lock");
        create(lockFile);
        FileChannel lock = FileChannel.open(lockFile, StandardOpenOption.WRITE);
        try {
            lock(lock, file);
            create(file);
            create(headFile(file));
            undoRotation(file);
            RandomAccessFile log = new RandomAccessFile(file.toFile(), "rw");
            try {
                return new FileAuditStorage(file, lock, log, openHead(file));
            } catch (IOException e) {
                log.close();
                throw e;
            }
        } catch (IOException e) {
            lock.close();
            throw e;
        }
    }

    /** Opens the head file, with room for its line: later it is only overwritten. */
    private static RandomAccessFile openHead(Path file) throws IOException {
        RandomAccessFile head = new RandomAccessFile(headFile(file).toFile(), "rw");
        if (head.length() < HeadLine.LENGTH) {
            head.write(new byte[HeadLine.LENGTH]);
        }
        return head;
    }

    /** A crash in the middle of a rotation leaves an empty file, and the current file under two names. */
    private static void undoRotation(Path file) throws IOException {
        Files.deleteIfExists(sibling(file, NEXT));
        List<Integer> segments = SegmentName.beside(file);
        int next = segments.isEmpty() ? 1 : segments.getLast() + 1;
        Path other = SegmentName.of(file, next);
        if (Files.exists(other, LinkOption.NOFOLLOW_LINKS) && Files.isSameFile(other, file)) {
            Files.delete(other);
        }
    }

    static Path headFile(Path log) {
        return sibling(log, ".head");
    }

    private static Path sibling(Path file, String suffix) {
        return file.resolveSibling(file.getFileName() + suffix);
    }

    private static void create(Path file) throws IOException {
        try {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
            syncFolder(file);
        } catch (FileAlreadyExistsException _) {
            if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                throw new AuditException(file + " is not a regular file; move it away");
            }
            Set<PosixFilePermission> mode = Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS);
            if (!mode.equals(OWNER_ONLY)) {
                throw new AuditException(file + " has mode " + PosixFilePermissions.toString(mode)
                        + ", expected rw-------: others may have read or changed it; look at it, then chmod 600");
            }
        }
    }

    private static void syncFolder(Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
            try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }

    private static void lock(FileChannel channel, Path file) throws IOException {
        FileLock lock;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException _) {
            lock = null;
        }
        if (lock == null) {
            throw new AuditException(file + " is being written by another daemon; one log has one writer");
        }
    }

    @Override
    public long size() throws IOException {
        return log.length();
    }

    @Override
    public int read(long position, byte[] into) throws IOException {
        log.seek(position);
        return Math.max(0, log.read(into));
    }

    @Override
    public void write(long position, byte[] bytes) throws IOException {
        log.seek(position);
        log.write(bytes);
    }

    @Override
    public void force() throws IOException {
        log.getFD().sync();
    }

    @Override
    public void truncate(long length) throws IOException {
        log.setLength(length);
    }

    @Override
    public String readHead() throws IOException {
        byte[] bytes = new byte[(int) Math.min(head.length(), HeadLine.LENGTH)];
        head.seek(0);
        head.readFully(bytes);
        return new String(bytes, StandardCharsets.US_ASCII);
    }

    @Override
    public void writeHead(String line) throws IOException {
        head.seek(0);
        head.write(line.getBytes(StandardCharsets.US_ASCII));
    }

    @Override
    public void forceHead() throws IOException {
        head.getFD().sync();
    }

    @Override
    public List<Integer> segments() throws IOException {
        return SegmentName.beside(file);
    }

    @Override
    public int read(int segment, long position, byte[] into) throws IOException {
        try (FileChannel channel =
                FileChannel.open(SegmentName.of(file, segment), StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
            return Math.max(0, channel.read(ByteBuffer.wrap(into), position));
        }
    }

    @Override
    public void rotate(int segment) throws IOException {
        Path next = sibling(file, NEXT);
        Files.deleteIfExists(next);
        create(next);
        RandomAccessFile opened = new RandomAccessFile(next.toFile(), "rw");
        try {
            // Both names stay in the folder until the current one goes to the new file, which rename(2) does at once.
            Files.createLink(SegmentName.of(file, segment), file);
            syncFolder(file);
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            opened.close();
            Files.deleteIfExists(SegmentName.of(file, segment));
            throw e;
        }
        log.close();
        log = opened;
        syncFolder(file);
    }

    @Override
    public void delete(int segment) throws IOException {
        Files.deleteIfExists(SegmentName.of(file, segment));
    }

    @Override
    public void close() throws IOException {
        try (lockChannel) {
            log.close();
            head.close();
        }
    }
}
