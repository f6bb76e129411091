package dev.cloister.policy.daemon;

import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.daemon.journal.Journal;
import dev.cloister.policy.daemon.loop.EventLoop;
import dev.cloister.policy.daemon.loop.Meter;
import dev.cloister.policy.decision.Decision;
import dev.cloister.policy.decision.Gate;
import dev.cloister.policy.decision.Reason;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.Rate;
import dev.cloister.policy.protocol.FromVmm;
import dev.cloister.policy.protocol.Snapshot;
import dev.cloister.policy.relay.Lane;
import dev.cloister.policy.relay.Relay;
import java.util.List;
import java.util.Optional;

/**
 * Counts what passes through channels and holds it against quotas: what VMMs report, and serial output, which passes through the
 * daemon. A channel whose quota is used up is taken away until the next period. Loop's thread only.
 */
final class Metering {
    private static final long NANOS_PER_MILLI = 1_000_000;
    /** A quota is given out in so many parts, so that flows of one guard don't starve each other. */
    private static final long LEASES_PER_PERIOD = 16;

    private static final long MILLIS_PER_SECOND = 1000;
    private static final long MOST_LEASED = 64 << 10;

    private final Fabric fabric;
    private final EventLoop loop;
    private final Decider decider;
    private final Journal journal;
    private final Channels channels;
    private final Relay relay;

    Metering(Fabric fabric, EventLoop loop, Decider decider, Journal journal, Channels channels, Relay relay) {
        this.fabric = fabric;
        this.loop = loop;
        this.decider = decider;
        this.journal = journal;
        this.channels = channels;
        this.relay = relay;
        channels.onHungry(this::feed);
    }

    /** Takes over counters; returns false if they name channels that the domain hasn't. */
    boolean report(DomainRuntime domain, List<FromVmm.ChannelCounters> counters) {
        DomainDirectory own = domain.directory();
        long now = System.nanoTime();
        for (FromVmm.ChannelCounters c : counters) {
            if (c.index() >= own.size()) {
                return false;
            }
            Channel channel = own.at(c.index()).orElseThrow();
            if (channel.relayed()) {
                if (tellsLosses(channel.flow(), domain)) {
                    channel.meter().refusedBy(c.refused());
                }
                channel.sample(now);
            } else if (counts(channel.flow(), domain)) {
                long more = channel.meter().report(c.units(), c.refused(), c.reverse(), now);
                charge(channel, more);
            }
        }
        return true;
    }

    /** One end counts: the sender's, or the receiver's where the sender is the host. Else rates would be mixed. */
    private static boolean counts(Flow flow, DomainRuntime domain) {
        if (flow.from() == domain.domain()) {
            return flow.kind() != FlowKind.CONSOLE;
        }
        return flow.from() instanceof HostEndpoint && (flow.kind() == FlowKind.CONSOLE || flow.kind() == FlowKind.DISK);
    }

    /** Of what the relay carries, one end says what it could not take: a sender's signals, and messages that found no room. */
    private static boolean tellsLosses(Flow flow, DomainRuntime domain) {
        boolean messages = flow.kind() == FlowKind.DATAGRAM || flow.kind() == FlowKind.LOG;
        return (messages ? flow.to() : flow.from()) == domain.domain();
    }

    /** A process of the domain begins to count from nought. */
    void restart(DomainRuntime domain) {
        for (Channel channel : fabric.channelsOf(domain)) {
            if (counts(channel.flow(), domain) || channel.relayed() && tellsLosses(channel.flow(), domain)) {
                channel.sample(System.nanoTime());
                channel.meter().restart();
            }
        }
    }

    /** Serial output passes through the daemon, which need not believe anybody about it; returns how much of it may pass. */
    int serialOutput(Channel channel, int bytes) {
        if (!channel.passes()) {
            channel.meter().refuse(bytes);
            return 0;
        }
        long now = System.nanoTime();
        long most = channel.takeSerial(bytes, now);
        for (Decider.Allowance allowance : decider.allowances(channel.flow())) {
            most = Math.min(most, allowance.left() + channel.lease().left(now));
        }
        int may = (int) most;
        channel.meter().add(may, System.nanoTime());
        channel.meter().refuse(bytes - may);
        charge(channel, may);
        return may;
    }

    /** Whether what passes through a channel is recorded, in leases: then it must wait for its records. */
    boolean recorded(Channel channel) {
        return decider.metered(channel.flow());
    }

    /** A lane waits for a lease: it gets part of what is left, or the channel is taken away until the next period. */
    void feed(Channel channel, Lane lane) {
        Flow flow = channel.flow();
        long left = Long.MAX_VALUE;
        long nanosLeft = Long.MAX_VALUE;
        long part = Long.MAX_VALUE;
        for (Decider.Allowance allowance : decider.allowances(flow)) {
            if (allowance.left() == 0) {
                usedUp(flow, allowance);
                return;
            }
            left = Math.min(left, allowance.left());
            nanosLeft = Math.min(nanosLeft, allowance.nanosLeft());
            part = Math.min(part, Math.max(1, allowance.quota().amount() / LEASES_PER_PERIOD));
        }
        // The core has a bucket of its own for the flow's rate, which never holds more than the burst.
        long atOnce = flow.rate().map(Rate::burst).orElse(MOST_LEASED);
        long units = Math.min(Math.min(left, part), Math.min(atOnce, MOST_LEASED));
        long ends = System.nanoTime() + nanosLeft;
        Decision decision = decider.use(flow, units);
        if (decision.reason(Gate.RATE) == Reason.FLOW_RATE_EXCEEDED) {
            long perSecond = flow.rate().map(Rate::perSecond).orElse(MILLIS_PER_SECOND);
            loop.after(Math.max(1, units * MILLIS_PER_SECOND / perSecond), () -> feedAgain(channel, lane));
        } else if (journal.write(decision, "")) {
            loop.effect(() -> relay.lease(lane, units, ends));
        }
    }

    private void feedAgain(Channel channel, Lane lane) {
        if (channel.is(Channel.Stage.LIVE)
                && channel.lane().filter(now -> now == lane).isPresent()) {
            feed(channel, lane);
        }
    }

    private void charge(Channel channel, long units) {
        Flow flow = channel.flow();
        if (units == 0 || !decider.metered(flow)) {
            return;
        }
        long now = System.nanoTime();
        long more = units - channel.lease().use(units, now);
        Optional<Reason> refused = more == 0 ? Optional.empty() : take(channel, more, now);
        for (Decider.Allowance allowance : decider.allowances(flow)) {
            Reason over = allowance.guard() ? Reason.GUARD_QUOTA_EXCEEDED : Reason.FLOW_QUOTA_EXCEEDED;
            boolean none = allowance.left() == 0 && channel.lease().left(now) == 0;
            if (none || refused.filter(reason -> reason == over).isPresent()) {
                usedUp(flow, allowance);
            }
        }
    }

    /**
     * Takes units from the quotas, and some more in advance, so that not every use has a record of its own; returns why that was
     * refused.
     */
    private Optional<Reason> take(Channel channel, long units, long now) {
        Flow flow = channel.flow();
        List<Decider.Allowance> allowances = decider.allowances(flow);
        long asked = units + advance(allowances, units);
        Decision decision = decider.use(flow, asked);
        Reason reason = decision.reason(Gate.RATE);
        if (decision.granted()) {
            journal.write(decision, "");
            channel.lease().add(asked - units, now, now + allowances.getFirst().nanosLeft());
            return Optional.empty();
        }
        if (reason == Reason.FLOW_QUOTA_EXCEEDED || reason == Reason.GUARD_QUOTA_EXCEEDED) {
            journal.write(decision, "");
        }
        return Optional.of(reason);
    }

    /** A guard's quota is shared by its flows: none takes of it in advance. */
    private static long advance(List<Decider.Allowance> allowances, long units) {
        if (allowances.size() != 1 || allowances.getFirst().guard()) {
            return 0;
        }
        Decider.Allowance own = allowances.getFirst();
        long share = own.quota().amount() / LEASES_PER_PERIOD;
        return Math.max(0, Math.min(share, own.left()) - units);
    }

    /** Another policy has other quotas: those that are used up by its measure are held. */
    void holdUsedUp() {
        for (Channel channel : fabric.channels()) {
            for (Decider.Allowance allowance : decider.allowances(channel.flow())) {
                if (allowance.left() == 0) {
                    usedUp(channel.flow(), allowance);
                }
            }
        }
    }

    private void usedUp(Flow flow, Decider.Allowance allowance) {
        for (Channel channel : fabric.channels()) {
            boolean concerned = allowance.guard()
                    ? channel.flow().from() == flow.from()
                            && fabric.policy().releaseQuota(channel.flow()).isPresent()
                    : channel.flow() == flow;
            if (concerned && !channel.holds().contains(Channel.Hold.QUOTA)) {
                takeAway(channel, allowance);
            }
        }
    }

    private void takeAway(Channel channel, Decider.Allowance allowance) {
        long millis = allowance.nanosLeft() / NANOS_PER_MILLI + 1;
        String whose = allowance.guard()
                ? "quota of guard " + channel.flow().from().name()
                : "quota of flow " + channel.flow().name();
        String text = whose + " of " + allowance.quota().amount() + " is used up for another " + millis + " ms";
        journal.write(AuditKind.QUOTA_USED_UP, "", channel.flow().name(), text);
        channels.revoke(channel, Channel.Hold.QUOTA, text);
        channel.quotaEnds(System.nanoTime() + allowance.nanosLeft());
        loop.after(millis, () -> {
            if (System.nanoTime() - channel.quotaEnds() >= 0) {
                channels.lift(channel, Channel.Hold.QUOTA);
            }
        });
    }

    Snapshot.FlowView view(Channel channel) {
        Flow flow = channel.flow();
        channel.sample(System.nanoTime());
        Meter meter = channel.meter();
        return new Snapshot.FlowView(
                flow.name(),
                flow.from().name(),
                flow.to().name(),
                flow.kind().jsonName(),
                channel.text(),
                channel.epoch(),
                meter.units(),
                meter.perSecond(),
                meter.refused(),
                meter.reverse(),
                limits(channel),
                channel.is(Channel.Stage.LIVE) ? "" : channel.note());
    }

    private Snapshot.LimitsView limits(Channel channel) {
        Flow flow = channel.flow();
        Optional<Decider.Allowance> tightest =
                decider.allowances(flow).stream().min(java.util.Comparator.comparingLong(Decider.Allowance::left));
        return new Snapshot.LimitsView(
                channel.meter().level(),
                flow.rate().map(dev.cloister.policy.model.Rate::burst).orElse(0L),
                tightest.map(a -> a.quota().amount()).orElse(0L),
                tightest.map(a -> a.used() - channel.lease().left(System.nanoTime()))
                        .orElse(0L),
                tightest.map(a -> a.nanosLeft() / NANOS_PER_MILLI).orElse(0L));
    }
}
