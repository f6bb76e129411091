package dev.cloister.policy.audit;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The files of a log in their order: its rotated segments, then the current file. */
final class LogParts {
    private static final int ATTEMPTS = 100;

    /** Bytes of one file, until closed. */
    interface Source extends LineReader.Source, Closeable {
        @Override
        default void close() throws IOException {}
    }

    /** Opens one file. */
    interface Opener {
        Source open() throws IOException;
    }

    /**
     * One file.
     *
     * @param name its name for messages
     * @param segment its number, 0 for the current file
     * @param opener opens it
     */
    record Part(String name, int segment, Opener opener) {}

    private LogParts() {}

    /** The files of a log that may be rotated meanwhile; the current one is the inode that has the name now. */
    static List<Part> of(Path log) throws IOException {
        for (int i = 0; i < ATTEMPTS; i++) {
            Object before = key(log);
            List<Part> parts = new ArrayList<>();
            for (int segment : SegmentName.beside(log)) {
                parts.add(file(SegmentName.of(log, segment), segment));
            }
            if (same(before, key(log))) {
                parts.add(file(log, 0));
                return parts;
            }
        }
        throw new IOException(log + " is rotated faster than its folder can be read; try again");
    }

    /** A file by itself, such as a segment that was kept elsewhere. */
    static Part file(Path path, int segment) {
        return new Part(path.getFileName().toString(), segment, () -> source(path));
    }

    static Source source(Path path) throws IOException {
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
        return new Source() {
            @Override
            public int read(long position, byte[] into) throws IOException {
                return Math.max(0, channel.read(ByteBuffer.wrap(into), position));
            }

            @Override
            public void close() throws IOException {
                channel.close();
            }
        };
    }

    /** The files of a storage. */
    static List<Part> of(AuditStorage storage) throws IOException {
        List<Part> parts = new ArrayList<>();
        for (int segment : storage.segments()) {
            parts.add(new Part("segment " + segment, segment, () -> segment(storage, segment)));
        }
        parts.add(new Part("the current file", 0, () -> storage::read));
        return parts;
    }

    /** The last rotated segment and the current file of a storage: what its opener needs to trust. */
    static List<Part> end(AuditStorage storage) throws IOException {
        List<Part> parts = of(storage);
        return parts.subList(Math.max(0, parts.size() - 2), parts.size());
    }

    static Source segment(AuditStorage storage, int segment) {
        return (position, into) -> storage.read(segment, position, into);
    }

    /** Identifies a file whatever its name. */
    static @Nullable Object key(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    }

    static boolean same(@Nullable Object one, @Nullable Object other) {
        return one != null && one.equals(other);
    }
}
