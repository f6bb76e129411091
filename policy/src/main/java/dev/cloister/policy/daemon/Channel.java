package dev.cloister.policy.daemon;

import dev.cloister.policy.daemon.loop.EventLoop;
import dev.cloister.policy.daemon.loop.Lease;
import dev.cloister.policy.daemon.loop.Meter;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.relay.Bucket;
import dev.cloister.policy.relay.Lane;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where one flow's channel stands. It may be opened and closed any number of times; {@link Channels} moves it. Loop's thread only.
 */
final class Channel {
    /** Why a channel is closed that an operator took away; also under the next daemon. */
    static final String REVOKED_BY_OPERATOR = "revoked by the operator";

    /** The steps of its life; each waits for the VMMs that owe an answer. */
    enum Stage {
        /** There is none. */
        CLOSED,
        /** The sending end was handed over. */
        SENDER,
        /** The receiving end was handed over. */
        RECEIVER,
        /** Both ends are in place. */
        LIVE,
        /** Both ends were told to let go. */
        CLOSING
    }

    /** What keeps it closed until it is lifted. */
    enum Hold {
        /** The operator's word. */
        OPERATOR,
        /** A window of the flow is closed. */
        WINDOW,
        /** The flow's or the guard's quota is used up for this period. */
        QUOTA,
        /** The policy changes: it is not granted any more, or not as it was. */
        POLICY
    }

    /** What is told when an attempt to open it has come to an end. */
    interface Waiter {
        /** It is live, or why not. */
        void opened(boolean live, String reason);
    }

    private Flow flow;
    private final Meter meter;
    private final Lease lease = new Lease();
    private final EnumSet<Hold> holds = EnumSet.noneOf(Hold.class);
    private final Set<DomainRuntime> attached = new HashSet<>();
    private final Set<DomainRuntime> owing = new HashSet<>();
    private final List<Waiter> waiters = new ArrayList<>();
    private @Nullable ChannelObjects objects;
    private final List<EventLoop.Timer> timers = new ArrayList<>();
    /** Also read by the threads of console clients. */
    private volatile Stage stage = Stage.CLOSED;

    private @Nullable Bucket serialRate;
    private long quotaEndsNanos;
    private int epoch;
    private int epochBefore;
    private long endingNanos;
    private long cutNanos;
    private long seenForward;
    private long seenHeld;
    private long seenCredit;
    private boolean refused;
    /** Whether programs of the host may still take what has come, though the channel ends. */
    private boolean lingers;

    private String note = "";

    Channel(Flow flow) {
        this.flow = flow;
        this.meter = new Meter(flow.rate());
        this.serialRate = serialRate(flow);
    }

    private static @Nullable Bucket serialRate(Flow flow) {
        return flow.kind() == FlowKind.CONSOLE
                ? flow.rate()
                        .map(rate -> new Bucket(rate.perSecond(), rate.burst(), System.nanoTime()))
                        .orElse(null)
                : null;
    }

    /** The same flow as another policy has it, or with other ends of its old self. */
    void flow(Flow next) {
        if (!ChannelLimits.sameRate(flow, next)) {
            meter.rate(next.rate());
            serialRate = serialRate(next);
        }
        flow = next;
    }

    /** Its openings are numbered above those of the channel whose place it takes: a guest takes the same number for the same opening. */
    void numberAfter(Channel before) {
        epoch = Math.max(epoch, before.epoch);
    }

    /** When the hold for a quota that is used up ends; an earlier end is not its any more. */
    void quotaEnds(long nanos) {
        quotaEndsNanos = nanos;
    }

    long quotaEnds() {
        return quotaEndsNanos;
    }

    Flow flow() {
        return flow;
    }

    Meter meter() {
        return meter;
    }

    /** What is taken of its quota and not used yet. */
    Lease lease() {
        return lease;
    }

    Stage stage() {
        return stage;
    }

    boolean is(Stage asked) {
        return stage == asked;
    }

    /** Enters a step in which nobody owes anything yet. */
    void enter(Stage next) {
        timers.forEach(EventLoop.Timer::cancel);
        timers.clear();
        owing.clear();
        lingers = false;
        stage = next;
    }

    void lingers(boolean now) {
        lingers = now;
    }

    boolean lingers() {
        return lingers;
    }

    /** Adds a timer that is cancelled with the step. */
    void timer(EventLoop.Timer timer) {
        timers.add(timer);
    }

    /** The domains whose VMM has been handed an end and not yet given it back. */
    Set<DomainRuntime> attached() {
        return attached;
    }

    /** The domains whose VMM has not answered to this step yet. */
    Set<DomainRuntime> owing() {
        return owing;
    }

    Set<Hold> holds() {
        return holds;
    }

    /** Begins an opening; returns its epoch. */
    int nextEpoch() {
        epoch++;
        refused = false;
        note = "";
        return epoch;
    }

    /** It was opened under an earlier daemon. */
    void restored(int lastEpoch, Stage as) {
        epoch = lastEpoch;
        epochBefore = lastEpoch;
        stage = as;
    }

    /** Whether an opening is of an earlier daemon, which may have asked for answers that come now. */
    boolean before(int asked) {
        return asked <= epochBefore;
    }

    int epoch() {
        return epoch;
    }

    void objects(ChannelObjects made) {
        objects = made;
        seenForward = 0;
        seenHeld = 0;
        seenCredit = 0;
    }

    /** Whether the relay carries its units, so that nobody else need be believed about them. */
    boolean relayed() {
        return flow.kind() == FlowKind.EVENT
                || flow.kind() == FlowKind.WIRE
                || flow.kind().ringAtBothEnds();
    }

    /** The lane that carries its units, while there is one. */
    Optional<Lane> lane() {
        return objects == null || !relayed() ? Optional.empty() : objects.forward();
    }

    /** How much of a serial line may pass now by the flow's rate; what passes is taken. */
    int takeSerial(int bytes, long now) {
        if (serialRate == null) {
            return bytes;
        }
        int may = (int) Math.min(bytes, serialRate.available(now));
        serialRate.take(may);
        return may;
    }

    /** Takes over what the relay has counted. */
    void sample(long now) {
        Lane lane = lane().orElse(null);
        if (lane == null || objects == null) {
            return;
        }
        long forward = lane.moved();
        long held = lane.held();
        long credit = objects.back().map(Lane::moved).orElse(0L);
        meter.add(forward - seenForward, now);
        meter.refuse(held - seenHeld);
        meter.addReverse(credit - seenCredit);
        seenForward = forward;
        seenHeld = held;
        seenCredit = credit;
    }

    ChannelObjects objects() {
        ChannelObjects made = objects;
        if (made == null) {
            throw new IllegalStateException("flow " + flow.name() + " has no objects while " + stage);
        }
        return made;
    }

    /** Whether whoever says to have let go has done so, as far as that can be known. */
    boolean released() {
        return objects == null || objects.released();
    }

    /** Both VMMs have their ends. */
    void handedOver() {
        if (objects != null) {
            objects.handedOver();
        }
    }

    /** It shall end: from now on the time until its cut is measured. */
    void beginEnd(long now) {
        endingNanos = now;
        cutNanos = 0;
    }

    /** Nothing passes through the relay any more. */
    void cutLanes() {
        if (objects != null) {
            objects.cutLanes();
        }
    }

    /** Nothing passes any more, whatever its ends do; returns whether there was anything to cut. */
    boolean cut() {
        if (objects == null) {
            return false;
        }
        objects.cutLanes();
        long now = System.nanoTime();
        sample(now);
        objects.close();
        objects = null;
        cutNanos = System.nanoTime() - endingNanos;
        return true;
    }

    /** Nanoseconds from the beginning of its end until it was cut; 0 if there was nothing to cut. */
    long cutNanos() {
        return cutNanos;
    }

    /** The decision core said no. */
    void refuse(String reason) {
        refused = true;
        note = reason;
    }

    /** Whether the last attempt to open it was in vain. */
    boolean refused() {
        return refused;
    }

    void note(String reason) {
        note = reason;
    }

    String note() {
        return note;
    }

    void await(Waiter waiter) {
        waiters.add(waiter);
    }

    /** Tells whoever waits how the attempt ended. */
    void tell(boolean live, String reason) {
        List<Waiter> told = List.copyOf(waiters);
        waiters.clear();
        told.forEach(waiter -> waiter.opened(live, reason));
    }

    boolean opening() {
        return stage == Stage.SENDER || stage == Stage.RECEIVER;
    }

    /** Whether this opening has objects. */
    boolean opened() {
        return objects != null;
    }

    /** Whether serial bytes may pass: a console has no ends to hand over. */
    boolean passes() {
        return flow.kind() == FlowKind.CONSOLE && stage == Stage.LIVE;
    }

    /** The state as tables and JSON show it. */
    String text() {
        return switch (stage) {
            case SENDER, RECEIVER -> "opening";
            case LIVE -> "live";
            case CLOSING -> "severed";
            case CLOSED -> closedText();
        };
    }

    private String closedText() {
        if (!holds.isEmpty()) {
            return "revoked";
        }
        if (refused) {
            return "refused";
        }
        return epoch == 0 && note.isEmpty() ? "pending" : "severed";
    }
}
