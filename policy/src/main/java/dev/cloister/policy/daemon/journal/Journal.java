package dev.cloister.policy.daemon.journal;

import dev.cloister.policy.audit.AuditEntry;
import dev.cloister.policy.audit.AuditEvent;
import dev.cloister.policy.audit.AuditException;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.audit.AuditLog;
import dev.cloister.policy.audit.AuditRecord;
import dev.cloister.policy.daemon.loop.EventLoop;
import dev.cloister.policy.daemon.loop.Throttle;
import dev.cloister.policy.decision.Decision;
import dev.cloister.policy.model.AuditFull;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.state.ContactJournal;
import dev.cloister.policy.state.StateJournal;
import dev.cloister.policy.state.StateRecord;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records every event in the audit log. A record is made durable after the turn of the event loop in which it was written, with all
 * others of that turn; this is the loop's {@link EventLoop.Gate gate}, which holds back the turn's effects until then. So whatever
 * a record tells of must be queued with {@link EventLoop#effect}, never done at once. Once the log has failed nothing is recorded
 * any more and the daemon grants nothing; the first failure is told to whoever carries out the policy's {@code onAuditFull}. Loop's
 * thread only.
 */
public final class Journal implements EventLoop.Gate, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Journal.class);
    private static final String DETAIL = "detail";
    private static final long NANOS_PER_MILLI = 1_000_000;
    /** Time between two attempts to write to a log that was full. */
    private static final long RETRY_MILLIS = 250;
    /** Time after which the count of events that were not recorded singly is. */
    private static final long SUPPRESSED_MILLIS = 1000;
    /** Most records that wait for room, at some 1 KiB each. */
    private static final int MAX_WAITING = 65_536;

    private static final String SUPPRESSED = "moreSinceLastRecord";

    private Policy policy;
    private int policyEpoch = 1;
    private final AuditLog log;
    private final Consumer<byte[]> feed;
    private final AuditWriter writer;
    private final EventLoop loop;
    private Runnable onFailure = () -> {};
    private @Nullable StateJournal state;
    private long written;
    private long durable;
    private boolean failed;
    private boolean blocked;
    private boolean retryDue = true;
    private long blockedNanos;

    /** Who may flood the log: its name there, and what keeps its floods out. */
    public interface Subject {
        /** The domain's name. */
        String name();

        /** What counts its events. */
        Throttle throttle();
    }

    /**
     * The journal of a loop, which it becomes the gate of.
     *
     * @param feed takes the line of each record once that is durable, its newline included
     */
    public Journal(Policy policy, AuditLog log, Consumer<byte[]> feed, EventLoop loop) {
        this.policy = policy;
        this.log = log;
        this.feed = feed;
        this.loop = loop;
        this.durable = log.head().seq();
        this.written = durable;
        this.writer = new AuditWriter(log, loop::wake);
        log.rotation(policy.audit().rotation());
        loop.gate(this);
    }

    /** From now on records are made under another policy, or another loading of it. */
    public void policy(Policy next, int epoch) {
        policy = next;
        policyEpoch = epoch;
        if (state != null) {
            state.changed(next.digest());
        }
        log.rotation(next.audit().rotation());
    }

    /** Which loading of a policy is in force. */
    public int policyEpoch() {
        return policyEpoch;
    }

    /** From now on what is {@link #remember remembered} is made durable with the records of its turn, before them. */
    public void state(StateJournal journal) {
        state = journal;
    }

    /** Notes a change of what the next daemon has to know. */
    public void remember(StateRecord entry) {
        if (state != null) {
            state.add(entry);
        }
    }

    private void commitState() {
        if (state == null || failed) {
            return;
        }
        try {
            state.commit();
        } catch (IOException e) {
            fail(new AuditException(String.valueOf(e.getMessage()), e));
        }
    }

    /** Says what is done once nothing can be recorded any more. */
    public void onFailure(Runnable action) {
        onFailure = action;
    }

    @Override
    public boolean failed() {
        return failed;
    }

    @Override
    public long durable() {
        return durable;
    }

    @Override
    public long submit() {
        commitState();
        writer.take().ifPresent(this::settle);
        if (written > durable && !failed && retryDue && !writer.busy()) {
            writer.begin();
        }
        return written;
    }

    @Override
    public boolean await(long millis) {
        long until = System.nanoTime() + millis * NANOS_PER_MILLI;
        retryDue = true;
        while (submit() > durable && !failed) {
            if (!writer.busy()) {
                return false;
            }
            Optional<AuditWriter.Outcome> outcome = writer.await((until - System.nanoTime()) / NANOS_PER_MILLI);
            if (outcome.isEmpty()) {
                return false;
            }
            settle(outcome.get());
        }
        return true;
    }

    private void settle(AuditWriter.Outcome outcome) {
        for (AuditEntry entry : outcome.durable()) {
            durable = entry.record().seq();
            if (LOG.isInfoEnabled()) {
                LOG.info("{}", line(entry.record()));
            }
            feed.accept(entry.line());
        }
        outcome.failure().ifPresent(this::commitFailed);
        if (blocked && outcome.failure().isEmpty()) {
            unblock();
        }
    }

    private void commitFailed(AuditException e) {
        if (policy.onAuditFull() != AuditFull.BLOCK || !log.usable()) {
            fail(e);
            return;
        }
        if (!blocked) {
            blocked = true;
            blockedNanos = System.nanoTime();
            LOG.error("{}; what needs a record waits until there is room", e.getMessage());
        }
        retryDue = false;
        loop.after(RETRY_MILLIS, () -> retryDue = true);
    }

    @Override
    public boolean blocked() {
        return blocked;
    }

    private void unblock() {
        blocked = false;
        long millis = (System.nanoTime() - blockedNanos) / NANOS_PER_MILLI;
        LOG.warn("the audit log has room again after {} ms", millis);
        write(event(AuditKind.LOG_BLOCKED, "", "", "for " + millis + " ms"));
    }

    /** The daemon ends: what is not durable by now never will be. */
    public void giveUp() {
        if (written > durable && !failed) {
            failed = true;
            LOG.error("{} records could not be written before the end; their effects did not happen", log.discard());
        }
    }

    private void fail(AuditException e) {
        if (failed) {
            // The commit's failure and that of the next record are one.
            return;
        }
        failed = true;
        blocked = false;
        // Whatever is queued from now on waits for a record that there will never be.
        written = Math.max(written, durable + 1);
        log.discard();
        LOG.error("{}; the daemon grants nothing any more", e.getMessage());
        onFailure.run();
    }

    /** The number of the last record. */
    public long records() {
        return log.head().seq();
    }

    /** The hash of the last record, which the next one is chained to. */
    public String hash() {
        return log.head().hash();
    }

    /** Records an event; returns whether that was possible. What it tells of may happen as an effect of this turn, and only so. */
    public boolean write(AuditKind kind, String domain, String flow, String detail) {
        return write(event(kind, domain, flow, detail));
    }

    /** Records an event about something that has a name but is neither domain nor flow. */
    public boolean write(AuditKind kind, String detail, String value) {
        return write(event(kind, "", "", "").withDetail(detail, value));
    }

    /** Records an event about a domain with facts of its own. */
    public boolean write(AuditKind kind, String domain, String flow, Map<String, String> facts) {
        AuditEvent event = event(kind, domain, flow, "");
        for (Map.Entry<String, String> fact : facts.entrySet()) {
            event = event.withDetail(fact.getKey(), fact.getValue());
        }
        return write(event);
    }

    /** Records that nothing passes through a channel any more, and how long after its end was decided. */
    public boolean cut(String flow, int opening, long afterNanos) {
        return write(event(AuditKind.CHANNEL_CUT, "", flow, "opening " + opening)
                .withDetail("afterMicros", Long.toString(afterNanos / 1000)));
    }

    /** Records that a policy has come into force in place of another. */
    public boolean loaded(String oldDigest, String file) {
        return write(event(AuditKind.POLICY_LOADED, "", "", file).withDetail("oldDigest", oldDigest));
    }

    /** Records that somebody with the control socket asked for something about a flow. */
    public boolean operator(String flow, String what) {
        return write(event(AuditKind.OPERATOR, "", flow, what));
    }

    /** As {@link #write(Decision, String)}, for a start, with the digests that were measured. */
    public boolean write(Decision decision, String detail, String digests) {
        return write(described(decision, detail).withDetail("digests", digests)) && decision.granted();
    }

    /** Records that information of a party has reached an endpoint. */
    public boolean contact(ContactJournal.Contact contact, String flow) {
        return write(event(AuditKind.CONFLICT_CONTACT, "", flow, "")
                .withDetail("set", contact.set())
                .withDetail("party", contact.party())
                .withDetail("endpoint", contact.name())
                .withDetail("identity", contact.endpoint()));
    }

    /**
     * Records a decision with every verdict; returns whether it was granted and recorded, that is, whether it may take effect as
     * an effect of this turn.
     */
    public boolean write(Decision decision, String detail) {
        return write(described(decision, detail)) && decision.granted();
    }

    /** Records what a flood-prone domain did, at most a few times a second; the rest is counted and told later. */
    public void writeThrottled(Subject domain, AuditKind kind, String detail) {
        throttled(domain, event(kind, domain.name(), "", detail));
    }

    /** As {@link #writeThrottled(Subject, AuditKind, String)}, for a refusal. */
    public void writeThrottled(Subject domain, Decision decision, String detail) {
        throttled(domain, described(decision, detail));
    }

    /** Tells how many of a domain's events were only counted, if there are any. */
    public void writeSuppressed(Subject domain) {
        long count = domain.throttle().takeSuppressed();
        if (count > 0) {
            write(event(AuditKind.SUPPRESSED, domain.name(), "", "events not recorded singly")
                    .withDetail(SUPPRESSED, Long.toString(count)));
        }
    }

    private void throttled(Subject domain, AuditEvent event) {
        if (blocked) {
            domain.throttle().count();
            tellLater(domain);
            return;
        }
        long before = domain.throttle().admit(System.nanoTime());
        if (before != Throttle.SUPPRESSED) {
            write(before == 0 ? event : event.withDetail(SUPPRESSED, Long.toString(before)));
        } else {
            tellLater(domain);
        }
    }

    /** So that a crash of the daemon loses the count of a second at most. */
    private void tellLater(Subject domain) {
        if (domain.throttle().suppressed() == 1) {
            loop.after(SUPPRESSED_MILLIS, () -> tell(domain));
        }
    }

    private void tell(Subject domain) {
        if (blocked) {
            loop.after(SUPPRESSED_MILLIS, () -> tell(domain));
        } else {
            writeSuppressed(domain);
        }
    }

    private static AuditEvent described(Decision decision, String detail) {
        AuditEvent event = AuditEvent.decision(decision);
        return detail.isEmpty() ? event : event.withDetail(DETAIL, detail);
    }

    private AuditEvent event(AuditKind kind, String domain, String flow, String detail) {
        AuditEvent event =
                AuditEvent.of(kind).withPolicy(policy).withDomain(domain).withFlow(flow);
        return detail.isEmpty() ? event : event.withDetail(DETAIL, detail);
    }

    private boolean write(AuditEvent event) {
        if (failed) {
            return false;
        }
        if (log.pending() >= MAX_WAITING) {
            fail(new AuditException(MAX_WAITING + " records wait for room in the audit log: no more can be kept"));
            return false;
        }
        try {
            written = log.add(event.withEpoch(policyEpoch)).seq();
            return true;
        } catch (AuditException e) {
            fail(e);
            return false;
        }
    }

    @Override
    public void close() {
        writer.close();
    }

    /** A record for people who follow the daemon's own log: one line of printable ASCII. */
    private static String line(AuditRecord entry) {
        AuditEvent event = entry.event();
        StringBuilder text = new StringBuilder(160);
        text.append(entry.seq()).append(' ').append(event.kind().jsonName());
        append(text, "domain", event.domain());
        append(text, "flow", event.flow());
        for (Map.Entry<String, String> detail : event.details().entrySet()) {
            append(text, DETAIL.equals(detail.getKey()) ? "" : detail.getKey(), detail.getValue());
        }
        return Ascii.printable(text.toString(), text.length());
    }

    private static void append(StringBuilder text, String name, String value) {
        if (!value.isEmpty()) {
            text.append(' ').append(name).append(name.isEmpty() ? "" : "=").append(value);
        }
    }
}
