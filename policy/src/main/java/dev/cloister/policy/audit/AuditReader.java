package dev.cloister.policy.audit;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Reads a log's records in order, and waits for more of them without polling. For one thread. It proves nothing. */
public final class AuditReader implements Closeable {
    private final FileChannel channel;
    private final WatchService watch;
    private final LineReader lines;

    private AuditReader(FileChannel channel, WatchService watch) {
        this.channel = channel;
        this.watch = watch;
        this.lines = new LineReader(AuditVerifier.source(channel), 0);
    }

    /**
     * Opens a log at its beginning.
     *
     * @throws IOException if it can't be read or watched
     */
    public static AuditReader open(Path log) throws IOException {
        FileChannel channel = FileChannel.open(log, StandardOpenOption.READ);
        try {
            Path folder = log.toAbsolutePath().getParent();
            WatchService watch = log.getFileSystem().newWatchService();
            if (folder != null) {
                // Watched before the first read, so that no record falls between reading and waiting.
                folder.register(watch, StandardWatchEventKinds.ENTRY_MODIFY);
            }
            return new AuditReader(channel, watch);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /**
     * Returns the next record, or nothing when there is none yet.
     *
     * @throws IOException if it can't be read or isn't a record
     */
    public Optional<AuditRecord> next() throws IOException {
        Optional<byte[]> line = lines.next();
        return line.isPresent() ? Optional.of(AuditLine.parse(line.get())) : Optional.empty();
    }

    /**
     * Waits until something was written, or the time is over; then call {@link #next} again.
     *
     * @return whether something was written
     */
    public boolean await(Duration timeout) throws InterruptedException {
        WatchKey key = watch.poll(timeout.toMillis(), TimeUnit.MILLISECONDS);
        if (key == null) {
            return false;
        }
        key.pollEvents();
        key.reset();
        return true;
    }

    @Override
    public void close() throws IOException {
        try (channel) {
            watch.close();
        }
    }
}
