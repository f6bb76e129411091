package dev.cloister.policy.audit;

import dev.cloister.policy.model.AuditRule;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The append-only, hash-chained log. {@link #add} chains records, {@link #commit} makes all that were added durable at once; only
 * then may the caller do what they tell of. {@link #append} does both for one record; concurrent calls share one write and one
 * force. Any number of threads may append, or one may add while another commits.
 *
 * <p>When storage can't take a batch (a full disk), all its calls fail, the log is cut back to its last durable record,
 * and later calls may succeed. When forcing fails, nobody knows what the medium holds: the log refuses everything until
 * it is opened anew.
 */
public final class AuditLog implements Closeable {
    private final AuditStorage storage;
    private final Clock clock;
    private final LongSupplier monotonic;
    private final ClockWatch jumps = new ClockWatch();
    private final AuditListener listener;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    private List<Pending> queue = new ArrayList<>();
    private ChainEnd durable;
    private ChainEnd tail;
    private Optional<AuditRule.Rotation> rotation = Optional.empty();
    private boolean writing;
    private boolean closed;
    private long listenerFailures;
    private @Nullable IOException broken;

    private AuditLog(AuditStorage storage, Clock clock, LongSupplier monotonic, AuditListener listener, ChainEnd end) {
        this.storage = storage;
        this.clock = clock;
        this.monotonic = monotonic;
        this.listener = listener;
        this.durable = end;
        this.tail = end;
    }

    /**
     * Opens or creates a log, mode 0600, exclusively locked. The whole chain is verified first; an incomplete last line,
     * as a crash leaves it, is removed and a record says so.
     *
     * @param file the log; its head is kept in {@code <file>.head}, its lock in {@code <file>.lock}
     * @param listener hears of each durable record, this opening's repair included
     * @throws AuditException if another process writes it, its mode is wrong, or its chain is not whole
     */
    public static AuditLog open(Path file, AuditListener listener) throws AuditException {
        return open(file, Clock.systemUTC(), listener);
    }

    /**
     * As {@link #open(Path, AuditListener)}, with a wall clock of its own; for tests of clocks that are set.
     *
     * @param clock gives records their time
     * @throws AuditException as there
     */
    public static AuditLog open(Path file, Clock clock, AuditListener listener) throws AuditException {
        try {
            return open(FileAuditStorage.open(file), file.toString(), clock, System::nanoTime, listener);
        } catch (AuditException e) {
            throw e;
        } catch (IOException e) {
            throw new AuditException("can't open the audit log " + file + ": " + e, e);
        }
    }

    /**
     * Opens a log on a given storage, where the monotonic clock never differs from the other; for tests of failing storage.
     *
     * @param storage where the bytes are; closed with the log, and when opening fails
     * @param name the log's name in messages
     * @param clock gives records their time
     * @param listener hears of each durable record
     * @throws AuditException if the chain is not whole or the storage fails
     */
    public static AuditLog open(AuditStorage storage, String name, Clock clock, AuditListener listener)
            throws AuditException {
        return open(storage, name, clock, () -> ClockWatch.nanos(clock.instant()), listener);
    }

    /**
     * As {@link #open(AuditStorage, String, Clock, AuditListener)}, with a monotonic clock of its own.
     *
     * @param monotonic nanoseconds of a clock that is never set
     * @throws AuditException if the chain is not whole or the storage fails
     */
    public static AuditLog open(
            AuditStorage storage, String name, Clock clock, LongSupplier monotonic, AuditListener listener)
            throws AuditException {
        try {
            return opened(storage, name, clock, monotonic, listener);
        } catch (IOException e) {
            try {
                storage.close();
            } catch (IOException second) {
                e.addSuppressed(second);
            }
            throw e instanceof AuditException known
                    ? known
                    : new AuditException("can't open the audit log " + name + ": " + e.getMessage(), e);
        }
    }

    private static AuditLog opened(
            AuditStorage storage, String name, Clock clock, LongSupplier monotonic, AuditListener listener)
            throws IOException {
        AuditVerifier verifier = AuditVerifier.ofEnd(storage);
        AuditVerification found = verifier.run();
        if (found.fault().isPresent() && !found.repairable()) {
            throw new AuditException("the audit log " + name + " is not whole, so it can't be continued: "
                    + found.fault().get() + "; keep it with its .head file as evidence, move both away, start again");
        }
        ChainEnd end = verifier.end(storage);
        AuditLog log = new AuditLog(storage, clock, monotonic, listener, end);
        long whole = end.head().bytes();
        long size = storage.size();
        if (size > whole) {
            storage.truncate(whole);
            log.append(AuditEvent.of(AuditKind.LOG_REPAIRED)
                    .withDetail(
                            "reason", "the last line was incomplete, as a crash leaves it; it was never acknowledged")
                    .withDetail("offset", Long.toString(whole))
                    .withDetail("bytesRemoved", Long.toString(size - whole)));
        }
        return log;
    }

    /** From now on the log is rotated by this rule, or not at all. */
    public void rotation(Optional<AuditRule.Rotation> rule) {
        lock.lock();
        try {
            rotation = rule;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Appends a record and returns once it is durable.
     *
     * @param event what happened or is about to
     * @return the record as it stands in the log
     * @throws AuditException if it could not be made durable: then it is not in the log and its effect must not happen
     */
    public AuditRecord append(AuditEvent event) throws AuditException {
        lock.lock();
        try {
            checkOpen();
            return appendHeld(event);
        } finally {
            lock.unlock();
        }
    }

    private void checkOpen() throws AuditException {
        if (broken != null) {
            throw new AuditException("the audit log takes no more records: " + broken.getMessage(), broken);
        }
        if (closed) {
            throw new AuditException("the audit log is closed");
        }
    }

    private AuditRecord appendHeld(AuditEvent event) throws AuditException {
        Pending pending = enqueue(event);
        while (!pending.done) {
            if (writing) {
                changed.awaitUninterruptibly();
            } else {
                writeQueue(false);
            }
        }
        if (pending.failure != null) {
            throw new AuditException(
                    "the audit log can't take a record: " + pending.failure.getMessage(), pending.failure);
        }
        return pending.entry.record();
    }

    private Pending enqueue(AuditEvent event) {
        Instant time = clock.instant();
        long mono = monotonic.getAsLong();
        jumps.between(time, mono).ifPresent(jump -> chain(time, mono, jump));
        return chain(time, mono, event);
    }

    private Pending chain(Instant time, long mono, AuditEvent event) {
        if (tail.lacksRotationRecord()) {
            push(time, mono, tail.rotationRecord());
        }
        AuditEntry entry = AuditLine.seal(
                tail.head().seq() + 1, time, mono, event, tail.head().hash());
        if (tooLong(entry)) {
            tail = tail.rotated(rotation.orElseThrow().keep());
            push(time, mono, tail.rotationRecord());
        }
        return push(time, mono, event);
    }

    private boolean tooLong(AuditEntry entry) {
        return rotation.isPresent()
                && tail.head().bytes() > 0
                && tail.head().bytes() + entry.line().length > rotation.get().bytes();
    }

    private Pending push(Instant time, long mono, AuditEvent event) {
        AuditEntry entry = AuditLine.seal(
                tail.head().seq() + 1, time, mono, event, tail.head().hash());
        tail = tail.after(entry);
        Pending pending = new Pending(entry, tail);
        queue.add(pending);
        return pending;
    }

    /**
     * Chains a record to the log without any input or output: it is not durable before {@link #commit} has returned, and what it
     * tells of must wait for that.
     *
     * @param event what happened or is about to
     * @return the record as it will stand in the log
     * @throws AuditException if the log takes no more records
     */
    public AuditRecord add(AuditEvent event) throws AuditException {
        lock.lock();
        try {
            checkOpen();
            return enqueue(event).entry.record();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Makes the records that were added durable, with one write and one force, up to where the next file begins; may wait for the
     * medium.
     *
     * @return the records that have become durable by this call, in order
     * @throws AuditException if they could not be made durable: they stay queued for another {@code commit}, which makes sense while
     *     the log is {@link #usable}, or for {@link #discard}
     */
    public List<AuditEntry> commit() throws AuditException {
        lock.lock();
        try {
            while (writing) {
                changed.awaitUninterruptibly();
            }
            checkOpen();
            if (queue.isEmpty()) {
                return List.of();
            }
            List<Pending> all = queue;
            Optional<IOException> failure = writeQueue(true);
            if (failure.isPresent()) {
                throw new AuditException(
                        "the audit log can't take " + all.size() + " records: "
                                + failure.get().getMessage(),
                        failure.get());
            }
            return all.stream().filter(p -> p.done).map(p -> p.entry).toList();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Forgets every record that was added and is not durable; their effects must never happen. The next record follows the last
     * durable one.
     *
     * @return how many were forgotten
     */
    public int discard() {
        lock.lock();
        try {
            while (writing) {
                changed.awaitUninterruptibly();
            }
            int count = queue.size();
            queue = new ArrayList<>();
            tail = durable;
            return count;
        } finally {
            lock.unlock();
        }
    }

    /** Returns how many records were added and are not durable yet. */
    public int pending() {
        lock.lock();
        try {
            return queue.size();
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether another commit may succeed; after a failed force none will until the log is opened anew. */
    public boolean usable() {
        lock.lock();
        try {
            return broken == null && !closed;
        } finally {
            lock.unlock();
        }
    }

    /** Returns the chain's durable end. */
    public AuditHead head() {
        lock.lock();
        try {
            return durable.head();
        } finally {
            lock.unlock();
        }
    }

    /** Returns how often the listener threw. */
    public long listenerFailures() {
        lock.lock();
        try {
            return listenerFailures;
        } finally {
            lock.unlock();
        }
    }

    /** Records the closing, makes all durable and releases the lock. A second call does nothing. */
    @Override
    public void close() throws AuditException {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
        } finally {
            lock.unlock();
        }
        closeOnce();
    }

    private void closeOnce() throws AuditException {
        lock.lock();
        try {
            if (broken == null) {
                appendHeld(AuditEvent.of(AuditKind.LOG_CLOSED));
            }
        } finally {
            lock.unlock();
            closeStorage();
        }
    }

    private void closeStorage() throws AuditException {
        try {
            storage.close();
        } catch (IOException e) {
            throw new AuditException("can't close the audit log: " + e.getMessage(), e);
        }
    }

    /**
     * Writes what is queued for one file, without the lock; called with it, and it is held again on return.
     *
     * @param retain whether records that could not be written stay queued
     * @return why they could not be written
     */
    private Optional<IOException> writeQueue(boolean retain) {
        List<Pending> batch = takeBatch();
        writing = true;
        BatchWriter work = new BatchWriter(storage, durable);
        IOException failure = null;
        boolean usable = true;
        long failedListeners = 0;
        lock.unlock();
        try {
            work.write(batch);
            failedListeners = tell(batch);
        } catch (BatchWriter.ForceException e) {
            failure = e;
            usable = false;
        } catch (IOException e) {
            failure = e;
            usable = cutBack(work.reached().head(), e);
        } catch (RuntimeException | Error e) {
            failure = new IOException("unexpected: " + e, e);
            usable = false;
        } finally {
            lock.lock();
            writing = false;
            listenerFailures += failedListeners;
            broken = usable ? null : failure;
            durable = work.reached();
            if (failure == null) {
                batch.forEach(p -> p.done = true);
            } else {
                keepOrFail(batch, failure, retain);
            }
            changed.signalAll();
        }
        return Optional.ofNullable(failure);
    }

    /** Takes the queued records up to where the next file begins. */
    private List<Pending> takeBatch() {
        int end = 1;
        while (end < queue.size() && !queue.get(end).beginsFile()) {
            end++;
        }
        List<Pending> batch = new ArrayList<>(queue.subList(0, end));
        queue = new ArrayList<>(queue.subList(end, queue.size()));
        return batch;
    }

    private void keepOrFail(List<Pending> batch, IOException failure, boolean retain) {
        batch.addAll(queue);
        queue = new ArrayList<>();
        if (retain) {
            queue = batch;
            return;
        }
        tail = durable;
        for (Pending pending : batch) {
            pending.done = true;
            pending.failure = failure;
        }
    }

    private long tell(List<Pending> batch) {
        long failed = 0;
        for (Pending pending : batch) {
            try {
                listener.appended(pending.entry.record(), pending.entry.line());
            } catch (RuntimeException _) {
                // The record is durable whatever its listener makes of it.
                failed++;
            }
        }
        return failed;
    }

    private boolean cutBack(AuditHead to, IOException failure) {
        try {
            storage.truncate(to.bytes());
            return true;
        } catch (IOException e) {
            failure.addSuppressed(e);
            return false;
        }
    }
}
