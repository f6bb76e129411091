package dev.cloister.policy.daemon;

import dev.cloister.linux.ProcessIdentity;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.daemon.host.MeasuredImages;
import dev.cloister.policy.daemon.journal.Journal;
import dev.cloister.policy.daemon.loop.EventLoop;
import dev.cloister.policy.daemon.loop.RestartBudget;
import dev.cloister.policy.daemon.process.VmmLink;
import dev.cloister.policy.decision.Decision;
import dev.cloister.policy.decision.Gate;
import dev.cloister.policy.decision.Outcome;
import dev.cloister.policy.decision.Reason;
import dev.cloister.policy.explain.Explanation;
import dev.cloister.policy.model.UnexpectedExit;
import dev.cloister.policy.protocol.DomainState;
import dev.cloister.policy.protocol.Snapshot;
import dev.cloister.policy.protocol.ToVmm;
import dev.cloister.policy.state.StateRecord;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Starts, stops and restarts domains: measure, decide, start the process, open the channels, let the guest run; each domain at its own
 * pace, those that start together in one cohort. Loop's thread only.
 */
final class Supervisor {
    /** How long a guest has to begin to shut down before its button is pressed again. */
    private static final long PRESS_AGAIN_MILLIS = 10_000;

    /** Time after which a VMM that was told to stop is killed; one on a busy host needs seconds to end in order. */
    private static final long STOP_MILLIS = 10_000;

    private static final String WINDOW_CLOSED = "its window is closed";

    private final Fabric fabric;
    private final EventLoop loop;
    private final Decider decider;
    private final Journal journal;
    private final Channels channels;
    private final OpenWindows windows;
    private final Launcher launcher;
    private final TimeKeeper time;
    private final Duration timeout;
    private Function<DomainRuntime, VmmLink.Listener> listeners = _ -> {
        throw new IllegalStateException("no listener yet");
    };
    private Consumer<String> onHalt = _ -> {};
    private Runnable onRest = () -> {};
    private final List<Runnable> deferred = new ArrayList<>();
    private boolean opening;
    private boolean ending;
    private boolean changing;

    Supervisor(
            Fabric fabric,
            EventLoop loop,
            Decider decider,
            Journal journal,
            Channels channels,
            OpenWindows windows,
            Launcher launcher,
            TimeKeeper time,
            Duration timeout) {
        this.fabric = fabric;
        this.loop = loop;
        this.decider = decider;
        this.journal = journal;
        this.channels = channels;
        this.windows = windows;
        this.launcher = launcher;
        this.time = time;
        this.timeout = timeout;
        channels.onSettled(this::check);
    }

    /**
     * Says who is told.
     *
     * @param newListeners makes the listener of a VMM
     * @param halt the unexpected end of a domain ends all, for that reason
     * @param rest a domain has come to rest
     */
    void tell(Function<DomainRuntime, VmmLink.Listener> newListeners, Consumer<String> halt, Runnable rest) {
        listeners = newListeners;
        onHalt = halt;
        onRest = rest;
    }

    /** Starts every domain that starts with the policy, and those that were to be started again under an earlier daemon. */
    void startAll() {
        List<DomainRuntime> due = new ArrayList<>();
        for (DomainRuntime domain : fabric.domains()) {
            if (domain.state() == DomainState.STARTING && !domain.alive()) {
                boolean awaits = !domain.domain().lifecycle().autostart()
                        && !domain.domain().lifecycle().when().open(windows.mask());
                if (awaits) {
                    domain.awaitWindow(true);
                    domain.refused(DomainState.IDLE, WINDOW_CLOSED, List.of());
                } else {
                    due.add(domain);
                }
            }
        }
        start(due);
    }

    /** Begins none of those that would start now. */
    void forgetStarts() {
        for (DomainRuntime domain : fabric.domains()) {
            if (domain.state() == DomainState.STARTING && !domain.alive()) {
                domain.refused(DomainState.IDLE, "the daemon ends", List.of());
            }
        }
    }

    /** Starts those of some domains that can be started now. */
    void startIfPossible(List<DomainRuntime> domains) {
        if (!ending) {
            start(domains.stream()
                    .filter(d -> !d.alive() && d.cohort().isEmpty())
                    .toList());
        }
    }

    /** Starts domains together; each must be without a process. */
    void start(List<DomainRuntime> domains) {
        Cohort cohort = new Cohort(fabric, domains);
        domains.forEach(domain -> domain.begin(cohort));
        for (DomainRuntime domain : domains) {
            launcher.measure(
                    domain.domain(),
                    progress -> {
                        if (awaited(domain, cohort)) {
                            domain.note(progress);
                        }
                    },
                    images -> decide(domain, cohort, images),
                    reason -> unmeasured(domain, cohort, reason));
        }
    }

    /**
     * While the policy changes nothing is started, nor does a guest begin: first all must be gone that it takes away. What was to be
     * decided meanwhile is decided at the end.
     */
    void changing(boolean now) {
        changing = now;
        if (!now) {
            List<Runnable> due = List.copyOf(deferred);
            deferred.clear();
            due.forEach(Runnable::run);
        }
    }

    /** Decides on a start whose images are measured, and closes them where they have no more use. */
    private void decide(DomainRuntime domain, Cohort cohort, MeasuredImages images) {
        if (!measured(domain, cohort, images)) {
            images.close();
        }
    }

    /** Decides; returns whether the images are kept for the start. */
    private boolean measured(DomainRuntime domain, Cohort cohort, MeasuredImages images) {
        if (changing) {
            deferred.add(() -> decide(domain, cohort, images));
            return true;
        }
        if (!awaited(domain, cohort)) {
            return false;
        }
        domain.note("");
        Decision decision = decider.start(domain.domain(), images);
        if (!journal.write(decision, images.text(), images.digests())) {
            if (decision.granted()) {
                decider.stopped(domain.domain());
            }
            refuse(domain, decision, images);
            return false;
        }
        if (!journal.write(AuditKind.DOMAIN_START, domain.name(), "", "")) {
            unrecorded(domain);
            return false;
        }
        loop.effect(new Birth(domain, cohort, images));
        return true;
    }

    private void unrecorded(DomainRuntime domain) {
        decider.stopped(domain.domain());
        rest(domain, DomainState.REFUSED, "the audit log can't be written", List.of());
    }

    /** The start of a process, which waits for its records. */
    private final class Birth implements EventLoop.Effect {
        private final DomainRuntime domain;
        private final Cohort cohort;
        private final MeasuredImages images;
        private final int policyEpoch = journal.policyEpoch();

        Birth(DomainRuntime domain, Cohort cohort, MeasuredImages images) {
            this.domain = domain;
            this.cohort = cohort;
            this.images = images;
        }

        @Override
        public void run() {
            if (!awaited(domain, cohort)) {
                // Who called it off has told the decider; another start may have been granted since.
                images.close();
            } else if (policyEpoch != journal.policyEpoch()) {
                // Another policy has come into force since it was granted.
                decider.stopped(domain.domain());
                decide(domain, cohort, images);
            } else {
                try (images) {
                    spawn(domain, images);
                }
            }
        }

        @Override
        public void dropped() {
            images.close();
            if (domain.isIn(cohort)) {
                unrecorded(domain);
            }
        }
    }

    private void unmeasured(DomainRuntime domain, Cohort cohort, String reason) {
        if (awaited(domain, cohort)) {
            journal.write(AuditKind.REFUSAL, domain.name(), "", reason);
            rest(domain, DomainState.REFUSED, reason, List.of());
        }
    }

    /** Whether this start is still wanted; it may have been stopped while its images were measured. */
    private boolean awaited(DomainRuntime domain, Cohort cohort) {
        boolean current = domain.isIn(cohort);
        if (current && ending) {
            rest(domain, DomainState.IDLE, "the daemon ends", List.of());
        }
        return current && !ending;
    }

    private void spawn(DomainRuntime domain, MeasuredImages images) {
        try {
            launcher.spawn(domain, images, listeners);
            VmmLink born = domain.link().orElseThrow();
            time.enroll(domain, born);
            journal.remember(new StateRecord.Spawned(
                    domain.name(),
                    born.pid(),
                    ProcessIdentity.startTicks(born.pid()).orElse(0),
                    images.kernel(),
                    images.firmware(),
                    images.initrd()));
            loop.after(timeout.toMillis(), () -> {
                if (domain.has(born) && domain.state() == DomainState.STARTING) {
                    domain.kill("did not answer within " + timeout.toMillis() + " ms while starting");
                }
            });
        } catch (IOException e) {
            decider.stopped(domain.domain());
            unspawned(domain, "can't be started: " + e.getMessage());
        }
    }

    /** A process could not be made, or was killed while it was made: an unexpected end like any other. */
    private void unspawned(DomainRuntime domain, String reason) {
        if (awaited(domain, domain.cohort().orElseThrow())) {
            journal.write(AuditKind.REFUSAL, domain.name(), "", reason);
            // Before it rests: who waits for another start isn't idle.
            followUp(domain, true);
            rest(domain, DomainState.REFUSED, reason, List.of());
        }
    }

    private void refuse(DomainRuntime domain, Decision decision, MeasuredImages images) {
        if (journal.failed()) {
            rest(domain, DomainState.REFUSED, "the audit log can't be written", List.of());
            return;
        }
        Explanation words = Explanation.of(decision);
        List<Snapshot.GateView> gates = words.verdicts().stream()
                .map(v -> new Snapshot.GateView(
                        v.gate().jsonName(),
                        v.outcome().jsonName(),
                        v.text(),
                        v.position().toString()))
                .toList();
        boolean onlyWindow = words.verdicts().stream()
                .allMatch(v -> (v.outcome() == Outcome.REFUSE) == (v.gate() == Gate.TIME_WINDOW));
        boolean image = decision.reason(Gate.MEASUREMENT) == Reason.SENDER_NOT_MEASURED;
        domain.awaitWindow(onlyWindow && domain.domain().lifecycle().autostart());
        rest(
                domain,
                onlyWindow ? DomainState.IDLE : DomainState.REFUSED,
                image ? images.text() : words.deciding().text(),
                gates);
    }

    private void rest(DomainRuntime domain, DomainState state, String reason, List<Snapshot.GateView> gates) {
        domain.leaveCohort();
        domain.refused(state, reason, gates);
        if (state == DomainState.REFUSED) {
            channels.ended(domain, false, domain.name() + " was refused its start");
        }
        check();
        onRest.run();
    }

    /** A VMM has built its machine. */
    void ready(DomainRuntime domain) {
        domain.state(DomainState.READY);
        opening = true;
        channels.openAll(domain);
        opening = false;
        check();
    }

    /** Lets those guests run that wait for nothing any more. */
    void check() {
        // A domain that has just been built is at rest between two of its channels.
        if (opening || changing) {
            return;
        }
        for (DomainRuntime domain : fabric.domains()) {
            domain.cohort().ifPresent(Cohort::check);
        }
    }

    /** Tells a domain to stop, or forgets its start; one that does not obey is killed. */
    void stop(DomainRuntime domain, String reason) {
        if (domain.cancelRestart() || domain.awaitsWindow()) {
            domain.awaitWindow(false);
            domain.note(reason);
            onRest.run();
        }
        if (!domain.alive() && domain.cohort().isPresent()) {
            decider.stopped(domain.domain());
            rest(domain, DomainState.IDLE, reason, List.of());
        }
        if (domain.alive() && (!domain.stopping() || domain.shuttingDown())) {
            VmmLink told = domain.link().orElseThrow();
            domain.setStopping();
            domain.send(new ToVmm.Stop());
            loop.after(STOP_MILLIS, () -> {
                if (domain.has(told)) {
                    domain.kill("did not stop when told to");
                }
            });
        }
    }

    /** Has a domain's guest shut down, where it listens to its power button; then, and where it takes longer than this, stops the domain. */
    void shutDown(DomainRuntime domain, int graceMillis, String reason) {
        if (graceMillis == 0 || domain.state() != DomainState.RUNNING || domain.stopping()) {
            stop(domain, reason);
            return;
        }
        VmmLink told = domain.link().orElseThrow();
        domain.setShuttingDown();
        press(domain, told);
        loop.after(graceMillis, () -> {
            if (shutsDown(domain, told)) {
                stop(domain, reason);
            }
        });
    }

    /** Presses now and then again: the program that listens may be there later than the kernel, and to one that heard it is nothing. */
    private void press(DomainRuntime domain, VmmLink told) {
        if (shutsDown(domain, told)) {
            domain.send(new ToVmm.PressPowerButton());
            loop.after(PRESS_AGAIN_MILLIS, () -> press(domain, told));
        }
    }

    private static boolean shutsDown(DomainRuntime domain, VmmLink told) {
        return domain.shuttingDown() && domain.has(told);
    }

    /** Ends everything: no domain is started any more. */
    void end() {
        ending = true;
        channels.end();
    }

    /** Before anything starts: what has a window that is closed now is held, or stopped where an earlier daemon had started it. */
    void holdClosedWindows() {
        long mask = windows.mask();
        for (DomainRuntime domain : fabric.domains()) {
            if (!domain.domain().lifecycle().when().open(mask)) {
                windowChanged(domain, false);
            }
        }
        for (Channel channel : fabric.channels()) {
            if (!channel.flow().limits().when().open(mask)) {
                channels.revoke(channel, Channel.Hold.WINDOW, WINDOW_CLOSED);
            }
        }
    }

    /** A window has opened or closed: what must not be is ended, what may be is begun. */
    void windowsChanged() {
        long mask = windows.mask();
        for (DomainRuntime domain : fabric.domains()) {
            windowChanged(domain, domain.domain().lifecycle().when().open(mask));
        }
        for (Channel channel : fabric.channels()) {
            if (channel.flow().limits().when().open(mask)) {
                channels.lift(channel, Channel.Hold.WINDOW);
            } else if (!channel.holds().contains(Channel.Hold.WINDOW)) {
                channels.revoke(channel, Channel.Hold.WINDOW, WINDOW_CLOSED);
            }
        }
        onRest.run();
    }

    private void windowChanged(DomainRuntime domain, boolean open) {
        if (!open && domain.alive() && !domain.stopping()) {
            stop(domain, WINDOW_CLOSED);
            domain.awaitWindow(true);
            domain.note(WINDOW_CLOSED);
        } else if (open && domain.awaitsWindow() && !domain.alive() && !ending) {
            start(List.of(domain));
        }
    }

    /** A domain's process is gone and everything about it is recorded: what follows is the policy's word. */
    void ended(DomainRuntime domain) {
        domain.leaveCohort();
        decider.stopped(domain.domain());
        journal.remember(new StateRecord.Ended(domain.name(), domain.exitCode()));
        if (domain.awaitsWindow()) {
            journal.remember(new StateRecord.Waits(domain.name()));
        }
        domain.dead();
        check();
        if (!ending && !domain.stopping()) {
            followUp(domain, domain.exitCode() != 0);
        }
        onRest.run();
    }

    private void followUp(DomainRuntime domain, boolean unexpected) {
        RestartBudget restarts = domain.restarts();
        if (restarts.wants(unexpected)) {
            if (restarts.take(System.nanoTime())) {
                restart(domain);
                return;
            }
            journal.write(AuditKind.DOMAIN_RESTART, domain.name(), "", "no more: " + restarts.text());
        }
        if (unexpected && domain.domain().lifecycle().onUnexpectedExit() == UnexpectedExit.HALT) {
            onHalt.accept(domain.name()
                    + (domain.exitCode() < 0
                            ? " could not be started"
                            : " ended unexpectedly, with code " + domain.exitCode()));
        }
    }

    private void restart(DomainRuntime domain) {
        if (fabric.leavingDomains().contains(domain)) {
            return;
        }
        long millis = domain.restarts().delayMillis();
        journal.remember(new StateRecord.Again(domain.name(), System.nanoTime()));
        if (journal.write(
                AuditKind.DOMAIN_RESTART,
                domain.name(),
                "",
                domain.restarts().text() + ", after " + millis + " ms; "
                        + (domain.exitCode() < 0
                                ? "it could not be started"
                                : "it ended with code " + domain.exitCode()))) {
            restartAfter(domain, millis);
        }
    }

    /** Starts a domain without a process after a pause, unless it is stopped before. */
    void restartAfter(DomainRuntime domain, long millis) {
        domain.restartAt(loop.after(millis, () -> start(List.of(domain))));
    }

    /** Whether nothing runs and nothing will without being asked. */
    boolean idle() {
        for (DomainRuntime domain : fabric.allDomains()) {
            if (domain.busy() && (!domain.awaitsWindow() || domain.alive() || windows.mayChange())) {
                return false;
            }
        }
        return true;
    }
}
