package dev.cloister.policy.audit;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Reads a log's records in order through all its files, and waits for more of them without polling, across rotations. Holds one line
 * at a time. For one thread. It proves nothing; a jump in the records' numbers shows that rotation let some go before they were read.
 */
public final class AuditReader implements Closeable {
    private static final int ATTEMPTS = 100;

    private final Path log;
    private final boolean alone;
    private final WatchService watch;
    private LogParts.Source source;
    private LineReader lines;
    private @Nullable Object key;
    private long lastSeq;

    private AuditReader(Path log, boolean alone, long fromSeq, WatchService watch) throws IOException {
        this.log = log;
        this.alone = alone;
        this.watch = watch;
        this.lastSeq = Math.max(1, fromSeq) - 1;
        Opened opened = alone ? new Opened(LogParts.file(log, 1).opener().open(), null, fromSeq) : openHolding(fromSeq);
        this.key = opened.key();
        this.source = opened.source();
        this.lines = new LineReader(source, 0);
    }

    /**
     * Opens a log at its first record that is still there.
     *
     * @param log its current file; or one rotated segment, which is then read by itself
     * @throws IOException if it can't be read or watched
     */
    public static AuditReader open(Path log) throws IOException {
        return open(log, 1);
    }

    /**
     * Opens a log at the first record that is there and has at least that number; files before it are not read.
     *
     * @param log its current file; or one rotated segment, which is then read by itself
     * @param fromSeq number of a record; below 1 is as 1
     * @throws IOException if it can't be read or watched
     */
    public static AuditReader open(Path log, long fromSeq) throws IOException {
        WatchService watch = log.getFileSystem().newWatchService();
        try {
            Path folder = log.toAbsolutePath().getParent();
            if (folder != null) {
                // Watched before the first read, so that no record falls between reading and waiting.
                folder.register(watch, StandardWatchEventKinds.ENTRY_MODIFY, StandardWatchEventKinds.ENTRY_CREATE);
            }
            return new AuditReader(log, SegmentName.isSegment(log), fromSeq, watch);
        } catch (IOException e) {
            watch.close();
            throw e;
        }
    }

    /**
     * Returns the number of the last complete record of a log, 0 if there is none; reads only the ends of its files.
     *
     * @throws IOException if it can't be read
     */
    public static long lastSeq(Path log) throws IOException {
        List<LogParts.Part> parts = SegmentName.isSegment(log) ? List.of(LogParts.file(log, 1)) : LogParts.of(log);
        for (LogParts.Part part : parts.reversed()) {
            Path file = part.segment() == 0 || parts.size() == 1 ? log : SegmentName.of(log, part.segment());
            try (LogParts.Source source = part.opener().open()) {
                long from = Math.max(0, Files.size(file) - 2L * LineReader.MAX_LINE);
                LineReader lines = new LineReader(source, from);
                if (from > 0) {
                    lines.next();
                }
                Optional<byte[]> last = Optional.empty();
                for (Optional<byte[]> line = lines.next(); line.isPresent(); line = lines.next()) {
                    last = line;
                }
                if (last.isPresent()) {
                    return AuditLine.parse(last.get()).seq();
                }
            }
        }
        return 0;
    }

    /**
     * Returns the next record, or nothing when there is none yet.
     *
     * @throws IOException if it can't be read or isn't a record
     */
    public Optional<AuditRecord> next() throws IOException {
        return nextEntry().map(AuditEntry::record);
    }

    /**
     * Returns the next record with its line, or nothing when there is none yet.
     *
     * @throws IOException if it can't be read or isn't a record
     */
    public Optional<AuditEntry> nextEntry() throws IOException {
        while (true) {
            Optional<byte[]> line = lines.next();
            boolean over = line.isEmpty() && rotatedAway();
            if (over) {
                // What was written between our reading and the rotation; nothing follows after that.
                line = lines.next();
            }
            if (line.isPresent()) {
                AuditRecord record = AuditLine.parse(line.get());
                if (record.seq() > lastSeq) {
                    lastSeq = record.seq();
                    return Optional.of(new AuditEntry(record, withNewline(line.get())));
                }
            } else if (!over || !openNext()) {
                return Optional.empty();
            }
        }
    }

    private static byte[] withNewline(byte[] line) {
        byte[] whole = Arrays.copyOf(line, line.length + 1);
        whole[line.length] = '\n';
        return whole;
    }

    private boolean rotatedAway() throws IOException {
        return !alone && (key == null || !LogParts.same(key, LogParts.key(log)));
    }

    /** Goes on to the file with the next record; returns false if there is none. */
    private boolean openNext() throws IOException {
        Opened opened = openHolding(lastSeq + 1);
        if (opened.firstSeq() <= lastSeq) {
            opened.source().close();
            return false;
        }
        source.close();
        source = opened.source();
        lines = new LineReader(source, 0);
        key = opened.key();
        return true;
    }

    /** A file; with its key if it is the current one. */
    private record Opened(LogParts.Source source, @Nullable Object key, long firstSeq) {}

    /** Opens the file that a record is in, whatever is rotated meanwhile; the first if it is older, the last if it is to come. */
    private Opened openHolding(long seq) throws IOException {
        for (int i = 0; i < ATTEMPTS; i++) {
            Object before = LogParts.key(log);
            try {
                LogParts.Part part = holding(seq);
                long first = firstSeq(part);
                LogParts.Source opened = part.opener().open();
                if (part.segment() != 0) {
                    return new Opened(opened, null, first);
                }
                if (LogParts.same(before, LogParts.key(log))) {
                    return new Opened(opened, before, first);
                }
                opened.close();
            } catch (NoSuchFileException e) {
                if (!Files.exists(log)) {
                    throw e;
                }
            }
        }
        throw new IOException(log + " is rotated faster than it can be read; try again");
    }

    private LogParts.Part holding(long seq) throws IOException {
        List<LogParts.Part> parts = LogParts.of(log);
        int at = parts.size() - 1;
        while (at > 0 && firstSeq(parts.get(at)) > seq) {
            at--;
        }
        return parts.get(at);
    }

    private static long firstSeq(LogParts.Part part) throws IOException {
        try (LogParts.Source opened = part.opener().open()) {
            Optional<byte[]> line = new LineReader(opened, 0).next();
            return line.isPresent() ? AuditLine.parse(line.get()).seq() : Long.MAX_VALUE;
        }
    }

    /**
     * Waits until something was written, or the time is over; then call {@link #next} again.
     *
     * @return whether something was written
     */
    public boolean await(Duration timeout) throws InterruptedException {
        WatchKey signalled = watch.poll(timeout.toMillis(), TimeUnit.MILLISECONDS);
        if (signalled == null) {
            return false;
        }
        signalled.pollEvents();
        signalled.reset();
        return true;
    }

    @Override
    public void close() throws IOException {
        try {
            watch.close();
        } finally {
            source.close();
        }
    }
}
