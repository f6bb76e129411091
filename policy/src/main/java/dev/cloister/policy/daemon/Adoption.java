package dev.cloister.policy.daemon;

import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.daemon.journal.Journal;
import dev.cloister.policy.daemon.process.Leftovers;
import dev.cloister.policy.daemon.process.VmmLink;
import dev.cloister.policy.keeper.FdStore;
import dev.cloister.policy.model.DaemonLoss;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.protocol.ControlRequest;
import dev.cloister.policy.protocol.DomainState;
import dev.cloister.policy.state.RestoredState;
import dev.cloister.policy.state.StateJournal;
import dev.cloister.policy.state.StateRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ObjIntConsumer;
import java.util.function.ObjLongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a daemon finds of an earlier one in its state directory and its descriptor store, and what becomes of it: domains whose guest
 * runs are taken over where every descriptor of theirs has come back and the policy is the same; all other processes are ended.
 * Channels are cut first; under {@code onDaemonLoss: keep} those that were live and can go on stay. Loop's thread, but for
 * {@link #open}.
 */
final class Adoption {
    private static final Logger LOG = LoggerFactory.getLogger(Adoption.class);
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final Policy policy;
    private final RestoredState before;
    private final StateJournal journal;
    private final FdStore store;
    private final List<String> findings;
    private final List<DomainRuntime> pausing = new ArrayList<>();
    private final boolean sameBoot;
    private final boolean resumes;
    private final StateRecord.Begun begun;

    private Adoption(
            Policy policy,
            StateJournal.Found found,
            StateJournal journal,
            FdStore store,
            List<String> findings,
            StateRecord.Begun begun) {
        this.policy = policy;
        this.before = found.state();
        this.journal = journal;
        this.store = store;
        this.findings = findings;
        this.begun = begun;
        this.sameBoot = before.begun().map(StateRecord.Begun::boot).equals(Optional.of(begun.boot()));
        this.resumes = resumes(policy, before, begun.boot(), store);
    }

    private static boolean resumes(Policy policy, RestoredState before, String boot, FdStore store) {
        // Also where none of its descriptors came back: then no domain had a process, but how each ended is known.
        return store.again()
                && !before.finished()
                && before.begun()
                        .filter(b -> b.boot().equals(boot) && b.digest().equals(policy.digest()))
                        .isPresent();
    }

    /**
     * Reads the state journal, ends processes that can't be taken over, and begins the journal anew.
     *
     * @throws IOException if the journal is damaged, or a process can't be ended; the message says what to do
     */
    static Adoption open(Path file, Policy policy, FdStore store) throws IOException {
        StateJournal.Found found = StateJournal.read(file);
        RestoredState before = found.state();
        String boot = Leftovers.boot();
        List<String> findings = new ArrayList<>();
        if (found.dropped() > 0) {
            findings.add("an incomplete last line of " + found.dropped() + " bytes is removed from " + file);
        }
        boolean resumes = resumes(policy, before, boot, store);
        if (!resumes) {
            findings.addAll(Leftovers.end(before, boot));
            store.dropRest();
        }
        long now = System.nanoTime();
        StateRecord.Begun begun = before.begun(boot, policy.digest())
                .filter(b -> b.origin() <= now && b.since() <= now)
                .map(b -> new StateRecord.Begun(policy.digest(), boot, b.origin(), b.since()))
                .orElse(new StateRecord.Begun(policy.digest(), boot, now, now));
        long youngest = System.currentTimeMillis() - longestPeriod(policy) / NANOS_PER_MILLI;
        RestoredState kept = kept(before, resumes, before.orders().ending(ends(before, store)));
        StateJournal journal = StateJournal.compact(file, kept, youngest);
        journal.add(begun);
        journal.commit();
        return new Adoption(policy, found, journal, store, findings, begun);
    }

    /** What outlives the processes: quotas, and the operator's word unless the daemon ended in order. */
    private static RestoredState kept(RestoredState before, boolean resumes, RestoredState.Orders orders) {
        return new RestoredState(
                before.begun(),
                false,
                resumes ? before.domains() : Map.of(),
                resumes ? before.channels() : Map.of(),
                before.leases(),
                orders,
                before.restarts());
    }

    private static long longestPeriod(Policy policy) {
        long longest = 0;
        for (Flow flow : policy.flows()) {
            for (var quota : List.of(flow.limits().quota(), policy.releaseQuota(flow))) {
                longest = Math.max(longest, quota.map(q -> q.periodNanos()).orElse(0L));
            }
        }
        return longest;
    }

    StateJournal journal() {
        return journal;
    }

    FdStore store() {
        return store;
    }

    /** When the periods of quotas began, monotonic nanoseconds. */
    long origin() {
        return begun.origin();
    }

    /** Time since the policy came into force, which the death of a daemon doesn't begin anew. */
    Duration age() {
        return store.again() ? Duration.ofNanos(Math.max(0, System.nanoTime() - begun.since())) : Duration.ZERO;
    }

    /** Records what was found of an earlier daemon; returns whether that was possible. */
    boolean record(Journal audit) {
        boolean recorded = true;
        for (String finding : findings) {
            LOG.warn("{}", finding);
            recorded &= audit.write(AuditKind.DOMAIN_ADOPTED, "", "", finding);
        }
        return recorded;
    }

    /** Restores what was used of quotas; of another boot, as if it were used now, since its clock is another. */
    void restoreQuotas(Decider decider) {
        long wall = System.currentTimeMillis();
        long now = System.nanoTime();
        for (StateRecord.Leased lease : before.leases()) {
            for (Flow flow : policy.flows()) {
                if (flow.name().equals(lease.flow())) {
                    long then = sameBoot && lease.nanos() >= begun.origin() ? lease.nanos() : now;
                    boolean old = then == now && wall - lease.wallMillis() > longestPeriod(policy) / NANOS_PER_MILLI;
                    if (!old) {
                        decider.spent(flow, lease.units(), then);
                    }
                }
            }
        }
    }

    /** Whether the daemon before was to end, and was killed before it had: what it left is ended, and nothing begun. */
    boolean ends() {
        return ends(before, store);
    }

    private static boolean ends(RestoredState before, FdStore store) {
        return store.again() && (before.finished() || before.orders().ending());
    }

    /** The major frame that the operator wants to follow, if not the first. */
    Optional<String> major() {
        return before.orders().major();
    }

    /** Restores what the operator has revoked and stopped, and restarts that were taken. */
    void restoreHolds(Fabric fabric) {
        for (Channel channel : fabric.channels()) {
            if (before.orders().held().contains(channel.flow().name())) {
                channel.holds().add(Channel.Hold.OPERATOR);
                channel.note(Channel.REVOKED_BY_OPERATOR);
            }
        }
        before.orders()
                .stopped()
                .keySet()
                .forEach(name -> fabric.domain(name)
                        .ifPresent(domain ->
                                domain.refused(DomainState.IDLE, DomainRuntime.STOPPED_BY_OPERATOR, List.of())));
        if (sameBoot) {
            before.restarts()
                    .forEach((name, times) ->
                            fabric.domain(name).ifPresent(domain -> times.forEach(domain.restarts()::taken)));
        }
    }

    /**
     * Takes domains and channels over.
     *
     * @return the domains that were taken over
     */
    List<DomainRuntime> resume(
            Fabric fabric,
            Decider decider,
            Journal audit,
            Channels channels,
            Launcher launcher,
            Function<DomainRuntime, VmmLink.Listener> listeners) {
        List<DomainRuntime> adopted = new ArrayList<>();
        if (!resumes) {
            return adopted;
        }
        before.domains()
                .forEach((name, process) -> fabric.domain(name).ifPresent(domain -> {
                    switch (process.phase()) {
                        case ENDED -> domain.endedBefore(process.code());
                        case AGAIN -> again(domain, process);
                        case STARTING -> lost(domain, process, audit, "its guest did not run yet");
                        case RUNNING, PAUSED -> {
                            if (adopt(domain, process, launcher, listeners)) {
                                decider.adopted(domain.domain(), process.spawned());
                                audit.write(
                                        AuditKind.DOMAIN_ADOPTED,
                                        name,
                                        "",
                                        "process " + process.spawned().pid() + " is taken over");
                                adopted.add(domain);
                            } else {
                                lost(domain, process, audit, "not all of its descriptors have come back");
                            }
                        }
                    }
                }));
        takeOver(fabric, channels);
        adopted.forEach(domain -> launcher.measureDisks(domain, () -> channels.openAll(domain)));
        store.dropRest();
        return adopted;
    }

    /**
     * Gives a domain that was taken over, and that the operator has told to stop, the rest of its time to shut down.
     *
     * @param stop stops a domain after so many milliseconds
     */
    void resumeStop(DomainRuntime domain, ObjIntConsumer<DomainRuntime> stop) {
        Long until = before.orders().stopped().get(domain.name());
        if (until != null) {
            long left = Math.clamp(until - System.nanoTime(), 0, ControlRequest.MAX_GRACE * NANOS_PER_MILLI);
            stop.accept(domain, (int) (left / NANOS_PER_MILLI));
        }
    }

    /**
     * Has domains restarted whose pause is not over, once it is.
     *
     * @param restart restarts a domain after so many milliseconds
     */
    void resumeRestarts(ObjLongConsumer<DomainRuntime> restart) {
        pausing.forEach(domain -> restart.accept(domain, pauseLeft(domain)));
    }

    /** A domain without a process that is to have one again, also one that doesn't start by itself, unless it was stopped. */
    private void again(DomainRuntime domain, RestoredState.Process process) {
        if (before.orders().stopped().containsKey(domain.name())) {
            domain.endedBefore(process.code());
            domain.note(DomainRuntime.STOPPED_BY_OPERATOR);
        } else if (process.phase() == RestoredState.Phase.AGAIN && pauseLeft(domain) > 0) {
            domain.endedBefore(process.code());
            pausing.add(domain);
        } else {
            domain.state(DomainState.STARTING);
        }
    }

    /** The clock is the same, since it was the same boot. */
    private static long pauseLeft(DomainRuntime domain) {
        return domain.restarts().delayLeftMillis(System.nanoTime());
    }

    private static boolean adopt(
            DomainRuntime domain,
            RestoredState.Process process,
            Launcher launcher,
            Function<DomainRuntime, VmmLink.Listener> listeners) {
        try {
            return launcher.adopt(domain, process, listeners);
        } catch (IOException e) {
            LOG.error("domain {} can't be taken over: {}", domain.name(), e.getMessage());
            return false;
        }
    }

    private void lost(DomainRuntime domain, RestoredState.Process process, Journal audit, String why) {
        again(domain, process);
        try {
            boolean was = Leftovers.end(process.spawned());
            audit.write(
                    AuditKind.DOMAIN_KILLED,
                    domain.name(),
                    "",
                    "process " + process.spawned().pid() + " of the daemon before "
                            + (was ? "was ended: " : "is gone: ") + why);
        } catch (IOException e) {
            LOG.error("{}", e.getMessage());
            domain.endedBefore(-1);
            domain.note(String.valueOf(e.getMessage()));
        }
    }

    private void takeOver(Fabric fabric, Channels channels) {
        boolean keeps = policy.onDaemonLoss() == DaemonLoss.KEEP;
        for (Channel channel : fabric.channels()) {
            RestoredState.Opening opening = before.channels().get(channel.flow().name());
            if (opening != null) {
                FlowKind kind = channel.flow().kind();
                boolean carriesOn = kind == FlowKind.MEMORY || kind == FlowKind.EVENT;
                boolean guests = fabric.runtime(channel.flow().from()).isPresent();
                // What is handed over of a disk works without the daemon.
                boolean whole = carriesOn && guests || kind == FlowKind.DISK;
                boolean keep = keeps && whole && opening.stage() == RestoredState.Stage.LIVE;
                channels.takeOver(channel, opening, keep);
            }
        }
    }
}
