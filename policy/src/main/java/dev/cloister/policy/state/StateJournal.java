package dev.cloister.policy.state;

import dev.cloister.policy.text.AtomicFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * The file {@code state.journal}: one record a line, appended. Records are durable once {@link #commit} has returned, which the
 * daemon calls at the end of each turn of its event loop, before the turn's effects. One thread at a time.
 */
public final class StateJournal implements Closeable {
    private final FileChannel file;
    private final Path path;
    private final StringBuilder pending = new StringBuilder();
    private StateRecord.Begun begun = new StateRecord.Begun("", "", 0, 0);
    private boolean failed;

    private StateJournal(FileChannel file, Path path) {
        this.file = file;
        this.path = path;
    }

    /**
     * What was found.
     *
     * @param state what the whole lines amount to
     * @param dropped bytes of an incomplete last line, which nothing can have followed
     */
    public record Found(RestoredState state, int dropped) {}

    /**
     * Reads a journal without changing it.
     *
     * @param path the file; one that is missing is empty
     * @return what is there
     * @throws IOException if a whole line is damaged; the message says what to do
     */
    public static Found read(Path path) throws IOException {
        return Files.exists(path)
                ? read(Files.readAllBytes(path), path.toString())
                : new Found(RestoredState.of(List.of()), 0);
    }

    /** As {@link #read(Path)}, from bytes of a file of that name. */
    static Found read(byte[] bytes, String name) throws IOException {
        List<StateRecord> records = new ArrayList<>();
        int from = 0;
        for (int at = 0; at < bytes.length; at++) {
            if (bytes[at] == '\n') {
                try {
                    records.add(StateLine.decode(new String(bytes, from, at - from, StandardCharsets.UTF_8)));
                } catch (IOException | ArithmeticException e) {
                    throw new IOException(
                            name + " is damaged in line " + (records.size() + 1) + ": " + e.getMessage()
                                    + "; processes of an earlier daemon may still run: end them, then move the file"
                                    + " away (quotas of the present periods then begin anew)",
                            e);
                }
                from = at + 1;
            }
        }
        return new Found(RestoredState.of(records), bytes.length - from);
    }

    /**
     * Replaces the file by the fewest records that amount to the same, as a whole (written beside it, forced, renamed), and goes on
     * behind them.
     *
     * @param path the file
     * @param state what it shall amount to
     * @param youngest leases before this time of the wall clock, in milliseconds, are left out
     * @return the journal, to be appended to
     * @throws IOException if the medium refuses
     */
    public static StateJournal compact(Path path, RestoredState state, long youngest) throws IOException {
        StringBuilder text = new StringBuilder();
        state.records(youngest)
                .forEach(entry -> text.append(StateLine.encode(entry)).append('\n'));
        AtomicFile.replace(path, text.toString().getBytes(StandardCharsets.UTF_8));
        return new StateJournal(FileChannel.open(path, StandardOpenOption.WRITE, StandardOpenOption.APPEND), path);
    }

    /** Adds a record to the next commit. */
    public void add(StateRecord entry) {
        if (entry instanceof StateRecord.Begun now) {
            begun = now;
        }
        if (!failed) {
            pending.append(StateLine.encode(entry)).append('\n');
        }
    }

    /** Another policy came into force now than the one that the daemon began with: domains can't be taken over any more. */
    public void changed(String digest) {
        add(new StateRecord.Begun(RestoredState.LOADED + digest, begun.boot(), begun.origin(), System.nanoTime()));
    }

    /**
     * Makes everything durable that was added.
     *
     * @throws IOException if the medium refuses: then nothing that rests on it may happen, now or later
     */
    public void commit() throws IOException {
        if (pending.isEmpty()) {
            return;
        }
        ByteBuffer bytes = ByteBuffer.wrap(pending.toString().getBytes(StandardCharsets.UTF_8));
        pending.setLength(0);
        try {
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
            file.force(false);
        } catch (IOException e) {
            failed = true;
            throw new IOException("the state journal " + path + " can't be written: " + e.getMessage(), e);
        }
    }

    /** Returns whether a commit has failed. */
    public boolean failed() {
        return failed;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
