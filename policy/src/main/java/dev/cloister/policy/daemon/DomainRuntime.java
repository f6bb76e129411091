package dev.cloister.policy.daemon;

import dev.cloister.linux.Fd;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.protocol.DomainState;
import dev.cloister.policy.protocol.FromVmm;
import dev.cloister.policy.protocol.Snapshot;
import dev.cloister.policy.protocol.ToVmm;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What the daemon knows of one domain. Loop's thread only, but for the scrollbacks. */
final class DomainRuntime {
    /** Expected answer: the machine is built. */
    static final int READY = -1;

    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final int SIGNAL_BASE = 128;

    private final Domain domain;
    private final String label;
    private final Scrollback serial = new Scrollback();
    private final Scrollback log = new Scrollback();
    private final Throttle throttle = new Throttle();
    private final Meter exits = new Meter();
    private final List<Consumer<DomainRuntime>> observers = new ArrayList<>();
    private Map<String, Long> exitsByKind = Map.of();
    private DomainState state = DomainState.STARTING;
    private @Nullable VmmLink link;
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
    private final Set<Integer> expected = new HashSet<>();
    private boolean stopping;

    DomainRuntime(Domain domain, String label) {
        this.domain = domain;
        this.label = label;
        this.engine = domain.engine().jsonName();
    }

    Domain domain() {
        return domain;
    }

    String name() {
        return domain.name();
    }

    Scrollback serial() {
        return serial;
    }

    Scrollback log() {
        return log;
    }

    Throttle throttle() {
        return throttle;
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

    boolean alive() {
        return link != null;
    }

    Optional<VmmLink> link() {
        return Optional.ofNullable(link);
    }

    void born(VmmLink newLink) {
        link = newLink;
        pid = newLink.pid();
        bornNanos = System.nanoTime();
    }

    /** Refuses the domain's start for a reason. */
    void refused(String reason) {
        note = reason;
        serial.close();
        log.close();
        state(DomainState.REFUSED);
    }

    /** The process is gone. */
    void dead() {
        if (link != null) {
            link.close();
            link = null;
        }
        endedNanos = System.nanoTime();
        exits.stop();
        serial.close();
        log.close();
        state(DomainState.EXITED);
    }

    /** Sends; a VMM that doesn't take it is killed, since nobody shall wait for it. */
    void send(ToVmm message, List<Fd> fds) {
        if (link != null && !link.send(message, fds)) {
            kill("did not take a message from its control socket");
        }
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

    /** Notes that the hand-shake waits for {@link #READY} or for the attachment of a directory index. */
    void expect(int what) {
        expected.add(what);
    }

    /** Takes an answer; returns false if nobody asked for it. */
    boolean settle(int what) {
        return expected.remove(what);
    }

    /** Tells whether the hand-shake waits for this domain. */
    boolean owes() {
        return link != null && !expected.isEmpty();
    }

    boolean stopping() {
        return stopping;
    }

    void setStopping() {
        stopping = true;
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
                exitCode,
                note);
    }

    private static long saturatedSum(long a, long b) {
        return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
    }
}
