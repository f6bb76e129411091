package dev.cloister.policy.daemon.journal;

import dev.cloister.policy.audit.AuditEntry;
import dev.cloister.policy.audit.AuditException;
import dev.cloister.policy.audit.AuditLog;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Commits the audit log on a thread of its own, one commit at a time, so that a slow medium keeps nobody waiting but the effects of
 * what it is to keep. Everything here belongs to the owner's thread but the commits themselves.
 */
final class AuditWriter implements AutoCloseable {
    /**
     * How a commit ended.
     *
     * @param durable the records that are durable by it
     * @param failure why none is
     */
    record Outcome(List<AuditEntry> durable, Optional<AuditException> failure) {}

    private final AuditLog log;
    private final Runnable onOutcome;
    private final BlockingQueue<Outcome> outcomes = new LinkedBlockingQueue<>();
    private final ExecutorService thread = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("audit-writer").factory());
    private @Nullable Future<?> running;

    /** A writer that says on its own thread that there is an outcome to be taken. */
    AuditWriter(AuditLog log, Runnable onOutcome) {
        this.log = log;
        this.onOutcome = onOutcome;
    }

    /** Whether a commit was begun whose outcome has not been taken. */
    boolean busy() {
        return running != null;
    }

    /** Begins a commit of all that was added to the log; none must be under way. */
    void begin() {
        if (running != null) {
            throw new IllegalStateException("a commit is under way");
        }
        running = thread.submit(this::commit);
    }

    private void commit() {
        Outcome outcome;
        try {
            outcome = new Outcome(log.commit(), Optional.empty());
        } catch (AuditException e) {
            outcome = new Outcome(List.of(), Optional.of(e));
        }
        outcomes.add(outcome);
        onOutcome.run();
    }

    /** Takes the outcome of the commit that was begun, if there is one by now. */
    Optional<Outcome> take() {
        return taken(outcomes.poll());
    }

    /** As {@link #take}, but waits for it. */
    Optional<Outcome> await(long millis) {
        try {
            return taken(outcomes.poll(millis, TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    private Optional<Outcome> taken(@Nullable Outcome outcome) {
        if (outcome != null) {
            running = null;
        }
        return Optional.ofNullable(outcome);
    }

    /** Lets a commit under way come to its end, on its own time. */
    @Override
    public void close() {
        thread.shutdown();
    }
}
