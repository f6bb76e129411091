package dev.cloister.policy.daemon;

import dev.cloister.policy.daemon.host.HostDisk;
import dev.cloister.policy.daemon.host.MeasuredImages;
import dev.cloister.policy.daemon.journal.Journal;
import dev.cloister.policy.decision.Decision;
import dev.cloister.policy.decision.DecisionCore;
import dev.cloister.policy.decision.Measurements;
import dev.cloister.policy.decision.Request;
import dev.cloister.policy.history.History;
import dev.cloister.policy.history.PolicyMatch;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.HostObject;
import dev.cloister.policy.model.ImageFile;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Quota;
import dev.cloister.policy.state.ContactJournal;
import dev.cloister.policy.state.StateRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Feeds the decision core: keeps its history, the windows that are open and the measurements that were really made. Loop's thread
 * only.
 */
final class Decider {
    private Policy policy;
    private History history;
    private final ContactJournal contacts;
    private final Journal journal;
    private final LongSupplier openWindows;
    private final long loadedNanos;
    private Measurements measured = Measurements.none();

    /** Begins with the contacts that the journal has; the windows are asked for at each decision. */
    Decider(Policy policy, ContactJournal contacts, Journal journal, LongSupplier openWindows, long loadedNanos) {
        this.policy = policy;
        this.contacts = contacts;
        this.journal = journal;
        this.openWindows = openWindows;
        this.loadedNanos = loadedNanos;
        this.history = new History(policy, loadedNanos);
        contacts.restore(policy, history);
    }

    /**
     * Another policy is in force: from here on it decides, over the same history. What is not recorded of contacts, since members of a
     * party have them from the beginning, is recorded before it may be forgotten.
     *
     * @return false if contacts that have to be recorded can't be: then nothing has changed
     */
    boolean change(PolicyMatch match) {
        List<ContactJournal.Contact> inherent = history.inherited(match).stream()
                .map(held -> ContactJournal.Contact.of(policy, held.set(), held.endpoint(), held.party()))
                .toList();
        if (!inherent.isEmpty() && !contacts.append(inherent, "")) {
            return false;
        }
        History next = History.carried(history, match, System.nanoTime());
        contacts.restore(match.after(), next);
        measured = carried(match);
        policy = match.after();
        history = next;
        return true;
    }

    /** A decider as {@link #change} would make this one, over a history of its own; for looking ahead. */
    Decider trial(PolicyMatch match, long mask) {
        Decider next = new Decider(match.after(), contacts, journal, () -> mask, loadedNanos);
        next.history = History.carried(history, match, System.nanoTime());
        contacts.restore(match.after(), next.history);
        next.measured = carried(match);
        return next;
    }

    /** As {@link #opened}, for looking ahead: nothing is recorded. */
    boolean tried(Flow flow) {
        history.opened(flow.index(), (_, _, _) -> {});
        return true;
    }

    /** What was measured of images that are stated as before. */
    private Measurements carried(PolicyMatch match) {
        Measurements next = Measurements.none();
        for (Domain now : match.after().domains()) {
            int was = match.oldEndpoint(now.index());
            boolean known = was != PolicyMatch.NONE && measured.match(was);
            if (known && DomainChange.sameImage(match.before().domains().get(was), now)) {
                next = next.with(
                        now,
                        digest(now.image().kernel()),
                        digest(now.image().firmware()),
                        digest(now.image().initrd()));
            }
        }
        for (Endpoint now : match.after().endpoints()) {
            int was = match.oldEndpoint(now.index());
            if (was != PolicyMatch.NONE && measured.match(was) && now instanceof HostEndpoint host) {
                next = next.with(host, sameDisk(match.before().endpoint(was), host));
            }
        }
        return next;
    }

    /** The digest of a disk that is stated as before; empty for another. */
    private static String sameDisk(Endpoint before, HostEndpoint now) {
        boolean same = before instanceof HostEndpoint host && host.object().equals(now.object());
        return same && now.object() instanceof HostObject.Disk disk
                ? disk.sha256().orElse("")
                : "";
    }

    private static String digest(Optional<ImageFile> file) {
        return file.map(ImageFile::sha256).orElse("");
    }

    /** When the policy was loaded, and periods of quotas began: nanoseconds of the monotonic clock. */
    long loadedNanos() {
        return loadedNanos;
    }

    /** May the domain start with the images measured? If so it counts as running from here on. */
    Decision start(Domain domain, MeasuredImages images) {
        Measurements presented = withDisks(
                measured.with(domain, images.kernel(), images.firmware(), images.initrd()),
                images.disks().disks());
        Decision decision =
                decide(new Request.Start(domain.index(), presented, openWindows.getAsLong(), System.nanoTime()));
        if (decision.granted()) {
            measured = presented;
            history.started(domain.index());
        }
        return decision;
    }

    /** Disks that a running domain uses have been measured. */
    void measured(List<HostDisk> disks) {
        measured = withDisks(measured, disks);
    }

    /** A disk that was handed over under an earlier daemon, which had measured it. */
    void measuredBefore(HostEndpoint endpoint) {
        if (endpoint.object() instanceof HostObject.Disk disk) {
            measured = measured.with(endpoint, disk.sha256().orElse(""));
        }
    }

    private Measurements withDisks(Measurements before, List<HostDisk> disks) {
        Measurements next = before;
        for (HostDisk disk : disks) {
            Endpoint endpoint = policy.endpoint(disk.name()).orElse(null);
            if (endpoint instanceof HostEndpoint host
                    && host.object() instanceof HostObject.Disk stated
                    && disk.is(stated)) {
                next = next.with(host, disk.sha256());
            }
        }
        return next;
    }

    /** A domain that an earlier daemon started runs, with images of those digests. */
    void adopted(Domain domain, StateRecord.Spawned spawned) {
        measured = measured.with(domain, spawned.kernel(), spawned.firmware(), spawned.initrd());
        history.started(domain.index());
    }

    /** Units that were taken under an earlier daemon are used. */
    void spent(Flow flow, long units, long nanos) {
        history.passed(flow, 0, units, nanos);
    }

    /** The domain runs no more, or was not started after all. */
    void stopped(Domain domain) {
        if (policy.domain(domain.id()).filter(known -> known == domain).isPresent()) {
            history.stopped(domain.index());
        }
    }

    /** May the channel of a declared flow be made? */
    Decision open(Flow flow) {
        return decide(new Request.Open(
                flow.from().index(),
                flow.to().index(),
                flow.kind(),
                flow.index(),
                Request.BY_DAEMON,
                measured,
                openWindows.getAsLong(),
                System.nanoTime()));
    }

    /** May a running domain have a channel that its guest asks for? */
    Decision open(Domain asker, Endpoint from, Endpoint to, FlowKind kind) {
        return decide(new Request.Open(
                from.index(),
                to.index(),
                kind,
                Request.ANY_FLOW,
                asker.index(),
                measured,
                openWindows.getAsLong(),
                System.nanoTime()));
    }

    /**
     * A channel was granted: records the contacts that it makes, on the medium, before it exists.
     *
     * @return false if they can't be recorded: then it must not be made
     */
    boolean opened(Flow flow) {
        List<ContactJournal.Contact> made = new ArrayList<>();
        history.opened(
                flow.index(),
                (set, endpoint, party) -> made.add(ContactJournal.Contact.of(policy, set, endpoint, party)));
        boolean durable = made.isEmpty() || contacts.append(made, flow.name());
        for (ContactJournal.Contact contact : made) {
            durable = durable && journal.contact(contact, flow.name());
        }
        if (!durable) {
            history.closed(flow.index());
        }
        return durable;
    }

    /** A channel has ended. */
    void closed(Flow flow) {
        if (flow.index() != PolicyMatch.NONE) {
            history.closed(flow.index());
        }
    }

    /** May so many units pass on an open channel? */
    Decision use(Flow flow, long units) {
        long now = System.nanoTime();
        Decision decision = decide(new Request.Use(flow.index(), units, openWindows.getAsLong(), now));
        if (decision.granted() && metered(flow)) {
            journal.remember(new StateRecord.Leased(flow.name(), units, now, System.currentTimeMillis()));
        }
        return decision;
    }

    /** The quotas that a flow uses: its own, and that of the guard that alone makes it legal. */
    List<Allowance> allowances(Flow flow) {
        long now = System.nanoTime();
        List<Allowance> all = new ArrayList<>();
        if (flow.index() == PolicyMatch.NONE) {
            return all;
        }
        flow.limits().quota().ifPresent(quota -> all.add(allowance(quota, history.used(flow, quota, now), now, false)));
        policy.releaseQuota(flow)
                .ifPresent(quota ->
                        all.add(allowance(quota, history.usedByGuard(flow.from().index(), quota, now), now, true)));
        return all;
    }

    /** Whether any quota limits the flow. */
    boolean metered(Flow flow) {
        return flow.index() != PolicyMatch.NONE
                && (flow.limits().quota().isPresent()
                        || policy.releaseQuota(flow).isPresent());
    }

    private Allowance allowance(Quota quota, long used, long now, boolean guard) {
        long left = quota.periodNanos() - Math.floorMod(now - loadedNanos, quota.periodNanos());
        return new Allowance(quota, used, left, guard);
    }

    /**
     * A quota with what was used of it.
     *
     * @param quota the policy's
     * @param used units that have passed in the present period
     * @param nanosLeft nanoseconds until the next period
     * @param guard whether it is a guard's
     */
    record Allowance(Quota quota, long used, long nanosLeft, boolean guard) {
        long left() {
            return Math.max(0, quota.amount() - used);
        }
    }

    /** The flow's own allowance, if it has a quota. */
    Optional<Allowance> own(Flow flow) {
        return allowances(flow).stream().filter(a -> !a.guard()).findFirst();
    }

    private Decision decide(Request request) {
        Decision decision = DecisionCore.decide(policy, history, request);
        DecisionCore.record(policy, history, request, decision.packed());
        return decision;
    }
}
