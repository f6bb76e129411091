package dev.cloister.policy.explain;

import dev.cloister.policy.decision.Decision;
import dev.cloister.policy.decision.DecisionCore;
import dev.cloister.policy.decision.Measurements;
import dev.cloister.policy.decision.Request;
import dev.cloister.policy.history.Contacts;
import dev.cloister.policy.history.History;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.ImageFile;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.WindowClock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.BiConsumer;

/**
 * Requests one after the other against one policy, as a daemon would decide them: what is granted takes effect, at a time that the
 * caller sets. Nothing is started and no clock is read. Not thread-safe.
 *
 * <p>A domain's end closes every channel that it has an end of. Unless it was measured otherwise, every image and disk is as the
 * policy states it.
 */
public final class Sequence {
    private final Policy policy;
    private final WindowClock clock;
    private final Instant loaded;
    private final long base;
    private final History history;
    private Measurements measured;
    private Instant now;

    /** Begins with a policy loaded at that time. */
    public Sequence(Policy policy, Instant loaded) {
        this(policy, loaded, 0);
    }

    /** Begins with a policy loaded at that time, at which the monotonic clock showed {@code base} nanoseconds. */
    public Sequence(Policy policy, Instant loaded, long base) {
        this.policy = policy;
        this.loaded = loaded;
        this.base = base;
        this.clock = new WindowClock(policy.windows(), loaded);
        this.history = new History(policy, base);
        this.measured = Measurements.asStated(policy);
        this.now = loaded;
    }

    /** Returns the policy. */
    public Policy policy() {
        return policy;
    }

    /** Returns what has happened so far. */
    public History history() {
        return history;
    }

    /** Returns the time of the next request. */
    public Instant now() {
        return now;
    }

    /** Sets the time, and nothing else. */
    public void at(Instant time) {
        now = time;
    }

    /**
     * Lets time pass, and closes each channel and stops each domain at the first moment at which its windows are closed, as the
     * daemon does. A time that is not later is only set.
     *
     * @param time the new time
     * @param ended is told what ends because of a window, and when
     */
    public void advance(Instant time, BiConsumer<Instant, String> ended) {
        boolean restricted = !policy.windows().isEmpty();
        while (restricted && now.isBefore(time)) {
            now = clock.nextChange(now).filter(time::isAfter).orElse(time);
            expire(ended);
        }
        now = time;
    }

    private void expire(BiConsumer<Instant, String> ended) {
        long open = clock.openAt(now);
        for (Domain domain : policy.domains()) {
            if (history.runs(domain.index()) && !domain.lifecycle().when().open(open)) {
                ended.accept(now, domain.name());
                stop(domain);
            }
        }
        for (Flow flow : policy.flows()) {
            if (history.isOpen(flow.index()) && !flow.limits().when().open(open)) {
                ended.accept(now, flow.name());
                close(flow);
            }
        }
    }

    /** Presents what was measured of a domain's image: SHA-256 in lower-case hexadecimal, empty where there is no such file. */
    public void measure(Domain domain, String kernel, String firmware, String initrd) {
        measured = measured.with(domain, kernel, firmware, initrd);
    }

    /** Presents what was measured of a disk. */
    public void measure(HostEndpoint disk, String sha256) {
        measured = measured.with(disk, sha256);
    }

    /** Restores a contact, as from a journal; before any channel is open. */
    public void contact(int set, Endpoint endpoint, int party) {
        history.restore(set, endpoint.index(), party);
    }

    /** Forgets every measurement: nothing counts as measured. */
    void forget() {
        measured = Measurements.none();
    }

    /** Returns whether an endpoint counts as measured. */
    boolean measured(Endpoint endpoint) {
        return measured.match(endpoint.index());
    }

    /** Measures a domain's image: it is as the policy states it, or it is not. */
    void measure(Domain domain, boolean asStated) {
        measure(
                domain,
                digest(domain.image().kernel(), asStated),
                digest(domain.image().firmware(), asStated),
                digest(domain.image().initrd(), asStated));
    }

    private static String digest(Optional<ImageFile> file, boolean asStated) {
        return asStated ? file.map(ImageFile::sha256).orElse("") : "differs";
    }

    /** May a domain start? If so it runs from now on. */
    public Decision start(Domain domain) {
        Decision decision = mayStart(domain);
        if (decision.granted()) {
            history.started(domain.index());
        }
        return decision;
    }

    /** May a domain start? Nothing follows from it. */
    Decision mayStart(Domain domain) {
        return decide(new Request.Start(domain.index(), measured, windows(), nanos()));
    }

    /** A domain ends, and with it its channels. */
    public void stop(Domain domain) {
        history.stopped(domain.index());
        policy.flowsOf(domain).forEach(this::close);
    }

    /**
     * May a channel be opened? If so it is open from now on.
     *
     * @param from the sender
     * @param to the receiver
     * @param kind its kind
     * @param flow the flow that is meant; empty: any
     * @param asker the domain that asks; empty: the daemon
     * @param made takes the contacts that it makes
     */
    public Decision open(
            Endpoint from, Endpoint to, FlowKind kind, Optional<Flow> flow, Optional<Domain> asker, Contacts made) {
        Decision decision = mayOpen(from, to, kind, flow, asker);
        if (decision.granted()) {
            history.opened(decision.flow().orElseThrow().index(), made);
        }
        return decision;
    }

    /** May a channel be opened? Nothing follows from it. */
    Decision mayOpen(Endpoint from, Endpoint to, FlowKind kind, Optional<Flow> flow, Optional<Domain> asker) {
        int named = flow.map(Flow::index).orElse(Request.ANY_FLOW);
        int by = asker.map(Domain::index).orElse(Request.BY_DAEMON);
        return decide(new Request.Open(from.index(), to.index(), kind, named, by, measured, windows(), nanos()));
    }

    /** A channel ends. */
    public void close(Flow flow) {
        history.closed(flow.index());
    }

    /** May so many units pass on a flow's channel? */
    public Decision use(Flow flow, long units) {
        return decide(new Request.Use(flow.index(), units, windows(), nanos()));
    }

    private Decision decide(Request request) {
        Decision decision = DecisionCore.decide(policy, history, request);
        DecisionCore.record(policy, history, request, decision.packed());
        return decision;
    }

    private long windows() {
        return clock.openAt(now);
    }

    private long nanos() {
        return base + Duration.between(loaded, now).toNanos();
    }
}
