package dev.cloister.policy.daemon;

import dev.cloister.linux.ErrnoException;
import dev.cloister.policy.audit.AuditKind;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.HostEndpoint;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.protocol.FromVmm;
import dev.cloister.policy.protocol.Snapshot;
import dev.cloister.policy.protocol.ToVmm;
import java.util.List;
import java.util.Optional;

/** The domains of the policy and the channels between them: makes, hands over and severs. Loop's thread only. */
final class Fabric {
    /** Time that the reader of an orderly ended sender has for what is still in the channel. */
    private static final long LINGER_MILLIS = 1000;

    private final Policy policy;
    private final EventLoop loop;
    private final Decider decider;
    private final Journal journal;
    private final AuditFeed feed;
    private final List<DomainRuntime> domains;
    private final List<LiveChannel> channels;

    Fabric(Policy policy, EventLoop loop, Decider decider, Journal journal, AuditFeed feed) {
        this.policy = policy;
        this.loop = loop;
        this.decider = decider;
        this.journal = journal;
        this.feed = feed;
        this.domains = policy.domains().stream()
                .map(d -> new DomainRuntime(d, policy.lattice().format(d.label())))
                .toList();
        this.channels = policy.flows().stream().map(LiveChannel::new).toList();
    }

    Policy policy() {
        return policy;
    }

    List<DomainRuntime> domains() {
        return domains;
    }

    Optional<DomainRuntime> domain(String name) {
        return policy.domain(name).map(d -> domains.get(d.index()));
    }

    LiveChannel channel(Flow flow) {
        return channels.get(flow.index());
    }

    boolean anyAlive() {
        return domains.stream().anyMatch(DomainRuntime::alive);
    }

    /** Decides on a console flow, which has no attach; returns whether the domain may have it. */
    boolean grantConsole(Flow flow) {
        boolean granted = decide(flow);
        channel(flow).state(granted ? LiveChannel.State.LIVE : LiveChannel.State.REFUSED);
        return granted;
    }

    /** Makes every channel that the decision core grants and whose ends live, and hands over the sending ends. */
    void attachSenders() {
        for (LiveChannel channel : channels) {
            if (channel.state() == LiveChannel.State.PENDING && channel.flow().kind() != FlowKind.CONSOLE) {
                attachSender(channel);
            }
        }
    }

    /** Seals and hands over the receiving ends; then the daemon holds none of the channels any more. */
    void attachReceivers() {
        for (LiveChannel channel : channels) {
            boolean ready = channel.state() == LiveChannel.State.PENDING && channel.senderAttached();
            if (ready && present(channel.flow().to())) {
                attachReceiver(channel);
            }
            channel.release();
        }
    }

    /** The VMM of a domain has its end of the channel at that directory index in place. */
    void attached(DomainRuntime domain, int index) {
        Flow flow = policy.flowsOf(domain.domain()).get(index);
        if (flow.from() == domain.domain()) {
            channel(flow).setSenderAttached();
        } else if (channel(flow).state() == LiveChannel.State.PENDING) {
            channel(flow).state(LiveChannel.State.LIVE);
        }
    }

    /** Takes over counters; returns false if they name channels that the domain hasn't. */
    boolean report(DomainRuntime domain, List<FromVmm.ChannelCounters> counters) {
        List<Flow> flows = policy.flowsOf(domain.domain());
        long now = System.nanoTime();
        for (FromVmm.ChannelCounters c : counters) {
            if (c.index() >= flows.size()) {
                return false;
            }
            Flow flow = flows.get(c.index());
            // One end counts: the sender's, or the receiver's where the sender is the host. Else rates would be mixed.
            if (isSerialOutput(flow, domain)) {
                countSerialOutput(flow, domain);
            } else if (flow.from() == domain.domain()
                    || flow.from() instanceof HostEndpoint && flow.kind() == FlowKind.CONSOLE) {
                channel(flow).meter().report(c.units(), c.refused(), c.reverse(), now);
            }
        }
        return true;
    }

    /** Severs every channel of a domain that has ended. */
    void severAll(DomainRuntime domain, boolean orderly, String reason) {
        for (Flow flow : policy.flowsOf(domain.domain())) {
            LiveChannel channel = channel(flow);
            if (isSerialOutput(flow, domain)) {
                countSerialOutput(flow, domain);
            }
            if (channel.state() == LiveChannel.State.LIVE || channel.state() == LiveChannel.State.PENDING) {
                sever(channel, domain, orderly && flow.from() == domain.domain(), reason);
            }
        }
    }

    private static boolean isSerialOutput(Flow flow, DomainRuntime domain) {
        return flow.kind() == FlowKind.CONSOLE && flow.from() == domain.domain();
    }

    /** Serial output passes through the daemon, which need not believe anybody about it. */
    private void countSerialOutput(Flow flow, DomainRuntime domain) {
        channel(flow).meter().report(domain.serial().end(), 0, 0, System.nanoTime());
    }

    List<Snapshot.FlowView> views() {
        return channels.stream().map(Fabric::view).toList();
    }

    void close() {
        channels.forEach(LiveChannel::release);
    }

    private void sever(LiveChannel channel, DomainRuntime gone, boolean linger, String reason) {
        Flow flow = channel.flow();
        journal.write(AuditKind.CHANNEL_CLOSE, gone.name(), flow.name(), reason);
        channel.state(LiveChannel.State.SEVERED);
        channel.meter().stop();
        channel.release();
        feed.detach(channel);
        Endpoint peer = flow.from() == gone.domain() ? flow.to() : flow.from();
        if (peer instanceof Domain domain) {
            ToVmm.Revoke revoke = new ToVmm.Revoke(DomainLayout.indexOf(policy, domain, flow));
            DomainRuntime runtime = domains.get(domain.index());
            if (linger) {
                loop.after(LINGER_MILLIS, () -> runtime.send(revoke));
            } else {
                runtime.send(revoke);
            }
        }
    }

    private boolean decide(Flow flow) {
        return journal.write(decider.open(flow), "");
    }

    private void attachSender(LiveChannel channel) {
        Flow flow = channel.flow();
        if (!present(flow.from()) || !present(flow.to())) {
            channel.state(LiveChannel.State.SEVERED);
            return;
        }
        if (!decide(flow)) {
            channel.state(LiveChannel.State.REFUSED);
            return;
        }
        try {
            channel.create();
            if (flow.from() instanceof Domain sender) {
                hand(channel, sender, Direction.OUT);
            } else {
                feed.attach(channel, channel.senderFds());
                channel.setSenderAttached();
            }
        } catch (ErrnoException e) {
            fail(channel, e);
        }
    }

    private void attachReceiver(LiveChannel channel) {
        try {
            channel.sealAgainstNewWriters();
            if (channel.flow().to() instanceof Domain receiver) {
                hand(channel, receiver, Direction.IN);
            }
        } catch (ErrnoException e) {
            fail(channel, e);
        }
    }

    private void hand(LiveChannel channel, Domain domain, Direction role) {
        int index = DomainLayout.indexOf(policy, domain, channel.flow());
        DomainRuntime runtime = domains.get(domain.index());
        runtime.expect(index);
        runtime.send(
                new ToVmm.Attach(index, role, 1), role == Direction.OUT ? channel.senderFds() : channel.receiverFds());
    }

    private void fail(LiveChannel channel, ErrnoException e) {
        journal.write(AuditKind.CHANNEL_CLOSE, "", channel.flow().name(), "the host can't make it: " + e.getMessage());
        channel.state(LiveChannel.State.SEVERED);
        channel.release();
    }

    private boolean present(Endpoint endpoint) {
        return !(endpoint instanceof Domain domain)
                || domains.get(domain.index()).alive();
    }

    private static Snapshot.FlowView view(LiveChannel channel) {
        Flow flow = channel.flow();
        Meter meter = channel.meter();
        return new Snapshot.FlowView(
                flow.name(),
                flow.from().name(),
                flow.to().name(),
                flow.kind().jsonName(),
                channel.state().text(),
                meter.units(),
                meter.perSecond(),
                meter.refused(),
                meter.reverse());
    }
}
