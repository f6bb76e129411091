package dev.cloister.policy.daemon;

import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.daemon.host.HostDisks;
import dev.cloister.policy.daemon.journal.Journal;
import dev.cloister.policy.daemon.loop.EventLoop;
import dev.cloister.policy.decision.Decision;
import dev.cloister.policy.explain.Explanation;
import dev.cloister.policy.keeper.FdStore;
import dev.cloister.policy.model.DaemonLoss;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.protocol.ToVmm;
import dev.cloister.policy.relay.Lane;
import dev.cloister.policy.relay.Relay;
import dev.cloister.policy.state.RestoredState;
import dev.cloister.policy.state.StateRecord;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.stream.Stream;

/**
 * Opens and closes channels, at any time and as often as the policy allows: decide, hand over the sending end, seal, hand over the
 * receiving end; and back. Each step waits for the VMMs concerned and for nobody else; one that does not answer in time is killed.
 * Loop's thread only.
 */
final class Channels {
    /** Time that the reader of an orderly ended sender has for what is still in the channel. */
    private static final long LINGER_MILLIS = 1000;

    /** As long may programs of the host take to read it. */
    private static final long LONGEST_LINGER_NANOS = 5_000_000_000L;

    private static final long LINGER_STEP_MILLIS = 20;

    private static final long NANOS_PER_MILLI = 1_000_000;

    private static final String UNRECORDED = "the audit log can't be written";

    private final Fabric fabric;
    private final EventLoop loop;
    private final Decider decider;
    private final Journal journal;
    private final HostEnds host;
    private final Relay relay;
    private final FdStore store;
    private final Duration timeout;
    private BiConsumer<Channel, Lane> onHungry = (_, _) -> {};
    private Runnable onSettled = () -> {};
    private boolean ending;
    private boolean changing;

    Channels(
            Fabric fabric,
            EventLoop loop,
            Decider decider,
            Journal journal,
            HostEnds host,
            Relay relay,
            FdStore store,
            Duration timeout) {
        this.fabric = fabric;
        this.loop = loop;
        this.decider = decider;
        this.journal = journal;
        this.host = host;
        this.relay = relay;
        this.store = store;
        this.timeout = timeout;
    }

    /** Sets what is done whenever a channel has come to rest. */
    void onSettled(Runnable action) {
        onSettled = action;
    }

    /** Sets who gives leases to a channel's lane that waits for one. */
    void onHungry(BiConsumer<Channel, Lane> action) {
        onHungry = action;
    }

    /** From now on nothing is opened any more. */
    void end() {
        ending = true;
    }

    /** While the policy changes nothing is opened: first all must be gone that it takes away. */
    void changing(boolean now) {
        changing = now;
    }

    /** Opens every channel of a domain that can be open. */
    void openAll(DomainRuntime domain) {
        fabric.channelsOf(domain).forEach(this::open);
    }

    /** Opens a channel if it is closed, nothing holds it, both its ends are there and the decision core grants it. */
    void open(Channel channel) {
        if (channel.is(Channel.Stage.CLOSED) && possible(channel)) {
            Decision decision = decider.open(channel.flow());
            if (journal.write(decision, "")) {
                granted(channel);
            } else {
                channel.refuse(
                        decision.granted()
                                ? UNRECORDED
                                : Explanation.of(decision).deciding().text());
                settled(channel);
            }
        }
    }

    /** Opens a channel on a decision that is in the audit log already. */
    void granted(Channel channel) {
        if (!decider.opened(channel.flow())) {
            channel.refuse("its contacts can't be recorded");
            settled(channel);
            return;
        }
        int epoch = channel.nextEpoch();
        journal.remember(new StateRecord.Opening(channel.flow().name(), epoch));
        if (channel.flow().kind() == FlowKind.CONSOLE) {
            channel.enter(Channel.Stage.RECEIVER);
            loop.effect(whileOpening(channel, () -> live(channel)));
            return;
        }
        try {
            channel.objects(ChannelObjects.create(
                    channel.flow(),
                    relay,
                    decider.metered(channel.flow()),
                    new LaneListener(channel, epoch),
                    keep(channel),
                    host.objects()));
            begin(channel, epoch);
        } catch (IOException e) {
            failed(channel, e);
        }
    }

    private ChannelObjects.Keep keep(Channel channel) {
        return new ChannelObjects.Keep(
                store,
                "flow." + channel.flow().name() + "." + channel.epoch(),
                fabric.policy().onDaemonLoss() == DaemonLoss.KEEP);
    }

    /**
     * An earlier daemon had opened a channel. It goes on if that is wished, both ends are there, it is granted anew and its objects
     * have come back; else it is cut, and its ends are told to let go.
     */
    void takeOver(Channel channel, RestoredState.Opening opening, boolean goesOn) {
        channel.restored(opening.epoch(), Channel.Stage.CLOSED);
        if (channel.flow().kind() == FlowKind.MEMORY || channel.flow().kind() == FlowKind.DISK) {
            channel.meter().baseline();
        }
        if (channel.flow().kind() == FlowKind.CONSOLE || opening.stage() == RestoredState.Stage.CLOSED) {
            return;
        }
        List<DomainRuntime> ends = List.of(channel.flow().from(), channel.flow().to()).stream()
                .flatMap(end -> fabric.runtime(end).stream())
                .toList();
        ends.stream().filter(DomainRuntime::alive).forEach(channel.attached()::add);
        Optional<ChannelObjects> objects = ChannelObjects.adopt(
                channel.flow(),
                relay,
                decider.metered(channel.flow()),
                new LaneListener(channel, opening.epoch()),
                keep(channel),
                host.objects());
        objects.ifPresent(channel::objects);
        boolean whole = objects.filter(ChannelObjects::whole).isPresent()
                && ends.stream().allMatch(DomainRuntime::ready);
        if (goesOn && whole && grantedAnew(channel)) {
            channel.enter(Channel.Stage.LIVE);
            return;
        }
        boolean held = channel.holds().contains(Channel.Hold.OPERATOR);
        String reason = held ? Channel.REVOKED_BY_OPERATOR : "the daemon was lost";
        journal.write(AuditKind.CHANNEL_REVOKED, "", channel.flow().name(), reason);
        channel.beginEnd(System.nanoTime());
        cut(channel);
        close(channel, reason, Optional.empty(), false);
    }

    private boolean grantedAnew(Channel channel) {
        if (!possible(channel)) {
            return false;
        }
        HostDisks.end(channel.flow()).ifPresent(decider::measuredBefore);
        Decision decision = decider.open(channel.flow());
        return journal.write(decision, "it was live under the daemon before") && decider.opened(channel.flow());
    }

    /** Hears of the lanes of one opening, on the relay's thread. */
    private final class LaneListener implements Lane.Listener {
        private final Channel channel;
        private final int epoch;

        LaneListener(Channel channel, int epoch) {
            this.channel = channel;
            this.epoch = epoch;
        }

        @Override
        public void hungry() {
            whileThere(() -> channel.lane().ifPresent(lane -> onHungry.accept(channel, lane)));
        }

        @Override
        public void ended(String reason) {
            whileThere(() -> channel.note(reason));
        }

        @Override
        public void violated(String how) {
            whileThere(() -> fabric.runtime(channel.flow().to()).ifPresent(receiver -> {
                receiver.countViolation();
                journal.writeThrottled(
                        receiver, AuditKind.VIOLATION, "flow " + channel.flow().name() + ": " + how);
            }));
        }

        private void whileThere(Runnable action) {
            loop.execute(() -> {
                if (channel.epoch() == epoch && channel.opened()) {
                    action.run();
                }
            });
        }
    }

    private void failed(Channel channel, IOException e) {
        String reason = "the host can't make it: " + e.getMessage();
        channel.refuse(reason);
        close(channel, reason, Optional.empty(), false);
    }

    /** Whether nothing but the decision core stands between the channel and its life. */
    boolean possible(Channel channel) {
        Flow flow = channel.flow();
        return !ending
                && !changing
                && !journal.failed()
                && channel.holds().isEmpty()
                && fabric.runtime(flow.from()).map(end -> open(end, channel)).orElse(true)
                && fabric.runtime(flow.to()).map(end -> open(end, channel)).orElse(true);
    }

    /** Why a closed channel was not opened: an end that is missing, or what the channel says of itself. */
    String obstacle(Channel channel) {
        List<String> missing = Stream.of(channel.flow().from(), channel.flow().to())
                .flatMap(end -> fabric.runtime(end).stream())
                .filter(end -> !open(end, channel))
                .map(end -> "its end " + end.name() + " is " + end.state().text())
                .toList();
        if (channel.holds().isEmpty() && !missing.isEmpty()) {
            return String.join(", ", missing);
        }
        return channel.note().isEmpty() ? "an end of it does not run" : channel.note();
    }

    /** Whether an end is built and its guest's directory has the channel as it is now. */
    private static boolean open(DomainRuntime end, Channel channel) {
        return end.ready() && end.directory().has(channel);
    }

    private void begin(Channel channel, int epoch) throws IOException {
        channel.enter(Channel.Stage.SENDER);
        Optional<DomainRuntime> sender = fabric.runtime(channel.flow().from());
        if (sender.isPresent()) {
            hand(channel, sender.get(), Direction.OUT);
        } else {
            host.send(channel, epoch);
            receiver(channel);
        }
    }

    private void receiver(Channel channel) {
        try {
            channel.objects().sealAgainstNewWriters();
            channel.enter(Channel.Stage.RECEIVER);
            Optional<DomainRuntime> receiver = fabric.runtime(channel.flow().to());
            if (receiver.isPresent()) {
                hand(channel, receiver.get(), Direction.IN);
            } else {
                host.receive(channel);
                live(channel);
            }
        } catch (IOException e) {
            failed(channel, e);
        }
    }

    private void hand(Channel channel, DomainRuntime domain, Direction role) {
        channel.attached().add(domain);
        channel.owing().add(domain);
        ChannelObjects objects = channel.objects();
        EventLoop.Effect timed =
                whileOpening(channel, () -> await(channel, Set.of(domain), timeout.toMillis(), "attach"));
        domain.send(
                new ToVmm.Attach(index(channel, domain), role, channel.epoch()),
                role == Direction.OUT ? objects.senderFds() : objects.receiverFds(),
                () -> channel.attached().remove(domain));
        loop.effect(timed);
    }

    /** What belongs to this opening: done once its records are durable, while it goes on; else the opening has failed. */
    private EventLoop.Effect whileOpening(Channel channel, Runnable step) {
        int epoch = channel.epoch();
        Channel.Stage stage = channel.stage();
        return new EventLoop.Effect() {
            @Override
            public void run() {
                if (current()) {
                    step.run();
                }
            }

            @Override
            public void dropped() {
                if (current()) {
                    channel.refuse(UNRECORDED);
                    close(channel, UNRECORDED, Optional.empty(), false);
                }
            }

            private boolean current() {
                return channel.epoch() == epoch && channel.is(stage);
            }
        };
    }

    private static int index(Channel channel, DomainRuntime domain) {
        return domain.directory().indexOf(channel);
    }

    /** Waits for an answer of those domains; who has not given it in time is killed. */
    private void await(Channel channel, Set<DomainRuntime> domains, long millis, String what) {
        channel.owing().addAll(domains);
        channel.timer(loop.after(
                millis,
                () -> domains.stream()
                        .filter(channel.owing()::contains)
                        .forEach(domain -> domain.kill("did not " + what + " channel "
                                + channel.flow().name() + " within " + millis + " ms"))));
    }

    /** The VMM of a domain has its end of the channel in place; returns false if nobody asked for that. */
    boolean attached(DomainRuntime domain, int index, int epoch) {
        Optional<Channel> found = channel(domain, index, epoch);
        if (found.isEmpty() || !found.get().attached().contains(domain)) {
            return askedBefore(domain, index, epoch);
        }
        Channel channel = found.get();
        if (channel.is(Channel.Stage.CLOSING)) {
            // It was on its way when we told the VMM to let go again.
            return true;
        }
        if (!channel.owing().remove(domain)) {
            return false;
        }
        if (channel.is(Channel.Stage.SENDER)) {
            receiver(channel);
        } else {
            live(channel);
        }
        return true;
    }

    private void live(Channel channel) {
        channel.enter(Channel.Stage.LIVE);
        channel.handedOver();
        journal.remember(new StateRecord.Live(channel.flow().name(), channel.epoch()));
        journal.write(AuditKind.CHANNEL_OPEN, "", channel.flow().name(), "opening " + channel.epoch());
        settled(channel);
    }

    /** The VMM of a domain has let go of its end; returns false if nobody asked for that. */
    boolean revoked(DomainRuntime domain, int index, int epoch) {
        Optional<Channel> found = channel(domain, index, epoch);
        if (found.isEmpty() || !found.get().is(Channel.Stage.CLOSING)) {
            return askedBefore(domain, index, epoch);
        }
        Channel channel = found.get();
        if (!channel.owing().remove(domain)) {
            return channel.before(epoch);
        }
        if (!channel.released()) {
            domain.kill("kept channel " + channel.flow().name() + " that it said to have given back");
            return true;
        }
        channel.attached().remove(domain);
        closeIfFree(channel);
        return true;
    }

    /** Whether an answer may be one that an earlier daemon asked for. */
    private boolean askedBefore(DomainRuntime domain, int index, int epoch) {
        return domain.directory().at(index).filter(c -> c.before(epoch)).isPresent();
    }

    /** The channel that a VMM speaks of; none, if it speaks of another opening than the last. */
    private Optional<Channel> channel(DomainRuntime domain, int index, int epoch) {
        return domain.directory().at(index).filter(channel -> channel.epoch() == epoch);
    }

    /** Takes a channel away and keeps it closed until the hold is lifted. */
    void revoke(Channel channel, Channel.Hold hold, String reason) {
        if (channel.holds().add(hold) && hold == Channel.Hold.OPERATOR) {
            journal.remember(new StateRecord.Held(channel.flow().name()));
        }
        if (!channel.is(Channel.Stage.CLOSED) && !channel.is(Channel.Stage.CLOSING)) {
            journal.write(AuditKind.CHANNEL_REVOKED, "", channel.flow().name(), reason);
            close(channel, reason, Optional.empty(), hold == Channel.Hold.QUOTA);
        } else {
            channel.note(reason);
        }
    }

    /** Lifts a hold; the channel is opened if it was the last one. */
    void lift(Channel channel, Channel.Hold hold) {
        if (channel.holds().remove(hold)) {
            if (hold == Channel.Hold.OPERATOR) {
                journal.remember(new StateRecord.Lifted(channel.flow().name()));
            }
            open(channel);
        }
    }

    /** The VMM of a domain is gone: its channels are taken away at their other ends. */
    void ended(DomainRuntime domain, boolean orderly, String reason) {
        for (Channel channel : fabric.channelsOf(domain)) {
            channel.attached().remove(domain);
            channel.owing().remove(domain);
            switch (channel.stage()) {
                case CLOSED -> {
                    if (channel.epoch() == 0 && channel.note().isEmpty()) {
                        channel.note(reason);
                    }
                }
                case CLOSING -> closeIfFree(channel);
                case SENDER, RECEIVER, LIVE ->
                    close(
                            channel,
                            reason,
                            Optional.of(domain),
                            orderly && (channel.flow().from() == domain.domain() || HostSockets.is(channel.flow())));
            }
        }
    }

    private void close(Channel channel, String reason, Optional<DomainRuntime> gone, boolean linger) {
        journal.write(
                AuditKind.CHANNEL_CLOSE,
                gone.map(DomainRuntime::name).orElse(""),
                channel.flow().name(),
                reason);
        channel.note(reason);
        channel.enter(Channel.Stage.CLOSING);
        channel.beginEnd(System.nanoTime());
        channel.meter().stop();
        if (linger && HostSockets.is(channel.flow())) {
            channel.lingers(true);
            linger(channel, System.nanoTime() + LONGEST_LINGER_NANOS);
        } else {
            host.detach(channel);
        }
        if (!linger) {
            channel.cutLanes();
        }
        for (DomainRuntime domain : List.copyOf(channel.attached())) {
            boolean receives = channel.flow().to() == domain.domain();
            if (linger && receives) {
                channel.timer(loop.after(LINGER_MILLIS, () -> letGo(channel, domain)));
            } else {
                letGo(channel, domain);
            }
        }
        closeIfFree(channel);
    }

    /** Programs of the host may take what has come from a domain that has ended, as long as they do so. */
    private void linger(Channel channel, long until) {
        if (host.drained(channel) || System.nanoTime() - until > 0) {
            channel.lingers(false);
            host.detach(channel);
            closeIfFree(channel);
        } else {
            channel.timer(loop.after(LINGER_STEP_MILLIS, () -> linger(channel, until)));
        }
    }

    private void letGo(Channel channel, DomainRuntime domain) {
        if (channel.is(Channel.Stage.CLOSING) && channel.attached().contains(domain)) {
            if (channel.flow().to() == domain.domain()) {
                channel.cutLanes();
            }
            long millis = Math.max(1, channel.flow().limits().revokeWithinNanos() / NANOS_PER_MILLI);
            channel.owing().add(domain);
            channel.timer(loop.after(millis, () -> overdue(channel, domain, millis)));
            domain.send(new ToVmm.Revoke(index(channel, domain), channel.epoch()));
        }
    }

    /** A VMM has not let go by the flow's deadline: the channel ends without it, and so does the VMM. */
    private void overdue(Channel channel, DomainRuntime domain, long millis) {
        if (channel.owing().contains(domain)) {
            cut(channel);
            domain.kill("did not let go of channel " + channel.flow().name() + " within " + millis + " ms");
        }
    }

    private void cut(Channel channel) {
        if (channel.cut()) {
            journal.cut(channel.flow().name(), channel.epoch(), channel.cutNanos());
        }
    }

    private void closeIfFree(Channel channel) {
        if (channel.attached().isEmpty() && !channel.lingers()) {
            cut(channel);
            journal.remember(new StateRecord.Closed(channel.flow().name(), channel.epoch()));
            channel.enter(Channel.Stage.CLOSED);
            decider.closed(channel.flow());
            channel.tell(false, channel.note());
            if (!channel.refused()) {
                // An end may have come back meanwhile, or the hold may have been lifted.
                open(channel);
            }
            onSettled.run();
        }
    }

    private void settled(Channel channel) {
        channel.tell(channel.is(Channel.Stage.LIVE), channel.note());
        onSettled.run();
    }

    /** Gives back everything. */
    void close() {
        fabric.allChannels().forEach(Channel::cut);
    }
}
