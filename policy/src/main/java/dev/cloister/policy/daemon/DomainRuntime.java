package dev.cloister.policy.daemon;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.policy.daemon.host.HostDisks;
import dev.cloister.policy.daemon.journal.Journal;
import dev.cloister.policy.daemon.loop.EventLoop;
import dev.cloister.policy.daemon.loop.Meter;
import dev.cloister.policy.daemon.loop.RestartBudget;
import dev.cloister.policy.daemon.loop.Throttle;
import dev.cloister.policy.daemon.process.Scrollback;
import dev.cloister.policy.daemon.process.VmmLink;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.protocol.DomainState;
import dev.cloister.policy.protocol.FromVmm;
import dev.cloister.policy.protocol.Snapshot;
import dev.cloister.policy.protocol.ToVmm;
import dev.cloister.policy.state.RestoredState;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What the daemon knows of one domain, over all its runs. Loop's thread only, but for the scrollbacks. */
final class DomainRuntime implements Journal.Subject {
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final int SIGNAL_BASE = 128;
    /** Why a domain doesn't run that an operator has stopped; also under the next daemon. */
    static final String STOPPED_BY_OPERATOR = "stopped by the operator";

    private final EventLoop loop;
    private Domain domain;
    private String label;
    private final Scrollback serial = new Scrollback();
    private final Scrollback log = new Scrollback();
    private final Throttle throttle = new Throttle();
    private RestartBudget restarts;
    private DomainDirectory directory = DomainDirectory.NONE;
    private final Meter exits = new Meter(Optional.empty());
    private final List<Consumer<DomainRuntime>> observers = new ArrayList<>();
    private final List<CompletableFuture<FromVmm.Balloon>> balloonQuestions = new ArrayList<>();
    private Map<String, Long> exitsByKind = Map.of();
    private List<Snapshot.GateView> verdicts = List.of();
    private List<Snapshot.ConsoleView> consoles = List.of();
    private DomainState state;
    private @Nullable VmmLink link;
    private final List<Runnable> deferred = new ArrayList<>();
    private @Nullable Configuration configuration;
    private HostDisks.Uses disks = HostDisks.Uses.NONE;
    private @Nullable Cohort cohort;
    private EventLoop.@Nullable Timer restartTimer;
    private String engine;
    private String note = "";
    private long pid;
    private long emulated;
    private long bornNanos;
    private long endedNanos;
    private long startNanos;
    private long refusals;
    private long violations;
    private int exitCode = -1;
    private int unsent;
    private boolean readyAwaited;
    private boolean startSent;
    private boolean stopping;
    /** Whether the guest may still shut down by itself, though it is stopping. */
    private boolean graceful;

    private boolean awaitsWindow;

    DomainRuntime(Domain domain, String label, EventLoop loop) {
        this.loop = loop;
        this.domain = domain;
        this.label = label;
        this.engine = domain.engine().jsonName();
        this.state = domain.lifecycle().autostart() ? DomainState.STARTING : DomainState.IDLE;
        this.restarts = new RestartBudget(domain.lifecycle().restart());
    }

    Domain domain() {
        return domain;
    }

    /** The same domain as another policy has it. */
    void domain(Domain next, String newLabel) {
        if (!domain.lifecycle().restart().equals(next.lifecycle().restart())) {
            restarts = new RestartBudget(next.lifecycle().restart());
        }
        domain = next;
        label = newLabel;
    }

    /** The directory of the present run, or of the last. */
    DomainDirectory directory() {
        return directory;
    }

    void directory(DomainDirectory next) {
        directory = next;
    }

    @Override
    public String name() {
        return domain.name();
    }

    Scrollback serial() {
        return serial;
    }

    Scrollback log() {
        return log;
    }

    @Override
    public Throttle throttle() {
        return throttle;
    }

    RestartBudget restarts() {
        return restarts;
    }

    DomainState state() {
        return state;
    }

    /** Changes the state and tells who waits for it. */
    void state(DomainState next) {
        state = next;
        // An observer may remove itself.
        List.copyOf(observers).forEach(observer -> observer.accept(this));
    }

    void observe(Consumer<DomainRuntime> observer) {
        observers.add(observer);
    }

    void unobserve(Consumer<DomainRuntime> observer) {
        observers.remove(observer);
    }

    /** Asks its VMM about the guest's balloon; completes with the next answer, or exceptionally at the end of its process. */
    CompletableFuture<FromVmm.Balloon> ask(ToVmm.SetBalloon question) {
        CompletableFuture<FromVmm.Balloon> answer = new CompletableFuture<>();
        balloonQuestions.add(answer);
        answer.whenComplete((_, _) -> balloonQuestions.remove(answer));
        send(question, List.of(), () -> answer.cancel(false));
        return answer;
    }

    /** The VMM says how the balloon is; an answer for which nobody waits any more is nothing to it. */
    void balloon(FromVmm.Balloon said) {
        List.copyOf(balloonQuestions).forEach(question -> question.complete(said));
    }

    /** Whether it has a process. */
    boolean alive() {
        return link != null;
    }

    /** Whether its channels can be handed over. */
    boolean ready() {
        boolean built = state == DomainState.READY || state == DomainState.RUNNING || state == DomainState.PAUSED;
        return link != null && built && !stopping;
    }

    /** Whether it is on its way to a process, has one, or will have one without being asked. */
    boolean busy() {
        return link != null || cohort != null || restartTimer != null || awaitsWindow;
    }

    /** Whether its process is still that one. */
    boolean has(VmmLink asked) {
        return link == asked;
    }

    Optional<VmmLink> link() {
        return Optional.ofNullable(link);
    }

    /** Begins another run, together with others. */
    void begin(Cohort newCohort) {
        cancelRestart();
        cohort = newCohort;
        note = "";
        verdicts = List.of();
        exitCode = -1;
        stopping = false;
        graceful = false;
        startSent = false;
        awaitsWindow = false;
        startNanos = 0;
        endedNanos = 0;
        bornNanos = 0;
        exits.restart();
        beginLines();
        state(DomainState.STARTING);
    }

    /** A run's output begins, under this daemon or an earlier one: the next run's is another. */
    private void beginLines() {
        serial.reopen();
        log.reopen();
    }

    Optional<Cohort> cohort() {
        return Optional.ofNullable(cohort);
    }

    /** Whether it is on its way together with those, and not on another way since. */
    boolean isIn(Cohort asked) {
        return cohort == asked;
    }

    void leaveCohort() {
        cohort = null;
    }

    void born(VmmLink newLink) {
        link = newLink;
        pid = newLink.pid();
        bornNanos = System.nanoTime();
        readyAwaited = true;
    }

    /** Takes the disks that the process uses, which are its until it is gone. */
    void disks(HostDisks.Uses uses) {
        disks = uses;
    }

    /** What is done once the process is in its sandbox: it is not told anything before. */
    void onceConfined(Configuration first) {
        configuration = first;
    }

    /** A message with descriptors of its own, which waits. */
    interface Configuration extends AutoCloseable {
        /** Sends it. */
        void send();

        @Override
        void close();
    }

    /** The process is in its sandbox; returns false if nobody waits for that. */
    boolean settleConfined() {
        Configuration first = configuration;
        configuration = null;
        if (first == null) {
            return false;
        }
        try (first) {
            first.send();
        }
        List<Runnable> next = List.copyOf(deferred);
        deferred.clear();
        next.forEach(Runnable::run);
        return true;
    }

    /** Has the process of an earlier daemon, whose guest runs, or stands still as the operator wants it, or has just ended. */
    void adopted(VmmLink newLink, RestoredState.Process before) {
        beginLines();
        boolean paused = before.phase() == RestoredState.Phase.PAUSED;
        exitCode = before.code();
        link = newLink;
        pid = newLink.pid();
        bornNanos = System.nanoTime();
        startSent = true;
        state(paused ? DomainState.PAUSED : DomainState.RUNNING);
        // That daemon may have died before it could say so.
        send(paused ? new ToVmm.Pause() : new ToVmm.Query());
        if (exitCode >= 0) {
            newLink.expectEnd();
        }
    }

    /** Ended under an earlier daemon. */
    void endedBefore(int code) {
        exitCode = code;
        note = "ended before this daemon began";
        beginLines();
        serial.close();
        log.close();
        state(DomainState.EXITED);
    }

    /** Takes the answer that the machine is built; returns false if nobody asked for it. */
    boolean settleReady() {
        boolean asked = readyAwaited;
        readyAwaited = false;
        return asked;
    }

    /** Lets the guest run. */
    void sendStart() {
        startSent = true;
        send(new ToVmm.Start());
    }

    boolean startSent() {
        return startSent;
    }

    /** Refuses the domain's start for a reason. */
    void refused(DomainState as, String reason, List<Snapshot.GateView> gates) {
        note = reason;
        verdicts = gates;
        serial.close();
        log.close();
        state(as);
    }

    /** The process is gone: nothing can be sent to it any more. */
    void unlink() {
        if (configuration != null) {
            configuration.close();
            configuration = null;
            deferred.clear();
        }
        if (link != null) {
            link.close();
            link = null;
        }
        List.copyOf(balloonQuestions).forEach(question -> question.cancel(false));
        disks.close();
    }

    /** The process is gone and what it had has been given back. */
    void dead() {
        unlink();
        endedNanos = System.nanoTime();
        exits.stop();
        serial.close();
        log.close();
        state(DomainState.EXITED);
    }

    /**
     * Sends once the records of this turn are durable; what only takes away is sent at once, unless another message to this domain
     * waits. A VMM that doesn't take the message is killed, since nobody shall wait for
     * it. The descriptors stay the caller's: duplicates are sent.
     *
     * @param dropped what is done if those records can't be made durable: then the message is never sent
     */
    void send(ToVmm message, List<Fd> fds, Runnable dropped) {
        if (link == null) {
            return;
        }
        if (configuration != null) {
            // A process takes nothing before it is in its sandbox, and nothing before its configuration.
            deferred.add(() -> send(message, fds, dropped));
            return;
        }
        Outgoing outgoing;
        try {
            outgoing = Outgoing.of(this, link, message, fds, dropped);
        } catch (ErrnoException e) {
            kill("its message could not be prepared: " + e.getMessage());
            return;
        }
        unsent++;
        if (outgoing.takesAway() && unsent == 1) {
            outgoing.run();
        } else if (outgoing.harmless()) {
            loop.harmlessEffect(outgoing);
        } else {
            loop.effect(outgoing);
        }
    }

    /** A message has left the queue. */
    void sent() {
        unsent--;
    }

    void send(ToVmm message, List<Fd> fds) {
        send(message, fds, () -> kill("the audit log can't be written"));
    }

    void send(ToVmm message) {
        send(message, List.of());
    }

    void kill(String reason) {
        if (link != null) {
            if (note.isEmpty()) {
                note = reason;
            }
            link.kill();
        }
    }

    boolean stopping() {
        return stopping;
    }

    void setStopping() {
        stopping = true;
        graceful = false;
    }

    /** It is to end, and its guest has been told so. */
    void setShuttingDown() {
        stopping = true;
        graceful = true;
    }

    boolean shuttingDown() {
        return graceful;
    }

    /** Whether it is started once its window opens. */
    boolean awaitsWindow() {
        return awaitsWindow;
    }

    void awaitWindow(boolean waits) {
        awaitsWindow = waits;
    }

    /** Starts it again after a pause. */
    void restartAt(EventLoop.Timer timer) {
        restartTimer = timer;
    }

    /** Forgets a start that is still to come; returns whether there was one. */
    boolean cancelRestart() {
        boolean pending = restartTimer != null;
        if (restartTimer != null) {
            restartTimer.cancel();
            restartTimer = null;
        }
        return pending;
    }

    String note() {
        return note;
    }

    void note(String text) {
        note = text;
    }

    int exitCode() {
        return exitCode;
    }

    void exitCode(int code) {
        exitCode = code;
    }

    void exitSignal(int signal) {
        exitCode = SIGNAL_BASE + signal;
    }

    void countRefusal() {
        refusals++;
    }

    void countViolation() {
        violations++;
    }

    void started(long nanosSinceProcessStart) {
        startNanos = nanosSinceProcessStart;
    }

    void report(FromVmm.Status status) {
        Map<String, Long> kinds = new LinkedHashMap<>();
        long sum = 0;
        for (FromVmm.ExitCount exit : status.exits()) {
            kinds.merge(exit.kind(), exit.count(), DomainRuntime::saturatedSum);
            sum = saturatedSum(sum, exit.count());
        }
        exitsByKind = kinds;
        exits.report(sum, 0, 0, System.nanoTime());
        emulated = status.emulatedInstructions();
        engine = status.engine().jsonName();
    }

    Snapshot.DomainView view() {
        long until = endedNanos == 0 ? System.nanoTime() : endedNanos;
        return new Snapshot.DomainView(
                name(),
                domain.id().toString(),
                label,
                state.text(),
                pid,
                engine,
                exits.units(),
                exits.perSecond(),
                exitsByKind,
                emulated,
                bornNanos == 0 ? 0 : (until - bornNanos) / NANOS_PER_MILLI,
                startNanos,
                refusals,
                violations,
                restarts.total(),
                exitCode,
                note,
                verdicts,
                domain.cid(),
                consoles);
    }

    /** Others are attached to the serial line now. */
    void attended(List<Snapshot.ConsoleView> by) {
        consoles = by;
    }

    private static long saturatedSum(long a, long b) {
        return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
    }
}
