package dev.cloister.policy.daemon;

import dev.cloister.policy.channel.DirectoryLayout;
import dev.cloister.policy.model.CpuidModel;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Image;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Rate;
import dev.cloister.policy.model.SocketUse;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.protocol.DomainConfig;
import dev.cloister.policy.protocol.VmmCodec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Turns a domain of the policy into what its VMM is told: directory order, windows, rates. */
final class DomainLayout {
    private DomainLayout() {}

    /**
     * Lays out a domain.
     *
     * @param persistent its ranges of persistent memory
     * @throws IOException if its channels don't fit the directory or the window area
     */
    static DomainConfig of(
            Policy policy,
            Domain domain,
            boolean serialIn,
            List<DomainConfig.PersistentRange> persistent,
            Decider decider)
            throws IOException {
        Image image = domain.image();
        boolean firmware = image.firmware().isPresent();
        return new DomainConfig(
                new DomainConfig.Identity(
                        domain.id(), domain.name(), policy.lattice().format(domain.label())),
                new DomainConfig.Processor(
                        domain.cpus().count(),
                        // Another engine is refused before the start, unless the operator accepts what there is.
                        domain.engine() == Engine.SHADOW ? Engine.AUTO : domain.engine(),
                        domain.cpuid().map(CpuidModel::text).orElse(""),
                        domain.cpus().pin()),
                new DomainConfig.Memory(domain.memory().bytes(), domain.memory().prefault()),
                new DomainConfig.Boot(
                        image.firmware().or(image::kernel).orElseThrow().path(),
                        image.cmdline(),
                        firmware,
                        image.initrd().isPresent() && !firmware),
                new DomainConfig.Devices(
                        domain.virtio(),
                        domain.cid(),
                        domain.memory().balloonBytes().orElse(DomainConfig.Devices.NO_BALLOON),
                        persistent),
                serialIn,
                channels(policy, domain, decider),
                policy.onDaemonLoss());
    }

    private static List<ChannelConfig> channels(Policy policy, Domain domain, Decider decider) throws IOException {
        List<Flow> flows = policy.flowsOf(domain);
        if (flows.size() > VmmCodec.MAX_CHANNELS) {
            throw new IOException("domain " + domain.name() + " has " + flows.size() + " flows: expected at most "
                    + VmmCodec.MAX_CHANNELS);
        }
        List<ChannelConfig> channels = new ArrayList<>();
        long gpa = DirectoryLayout.WINDOWS_GPA;
        for (Flow flow : flows) {
            long window = flow.windowBytes();
            if (gpa + window > DirectoryLayout.WINDOWS_END_GPA) {
                throw new IOException("the windows of domain " + domain.name() + " need more than "
                        + (DirectoryLayout.WINDOWS_END_GPA - DirectoryLayout.WINDOWS_GPA) + " bytes, at flow "
                        + flow.name());
            }
            Direction direction = flow.from() == domain ? Direction.OUT : Direction.IN;
            channels.add(channel(direction, flow, channels.size(), window == 0 ? 0 : gpa, quota(flow, decider)));
            gpa += window;
        }
        return channels;
    }

    /** What the VMM of one end is told of a flow's quota now. */
    static ChannelConfig.Quota quota(Flow flow, Decider decider) {
        return decider.own(flow)
                .map(a -> new ChannelConfig.Quota(
                        a.quota().amount(), a.quota().periodNanos(), decider.loadedNanos(), a.used()))
                .orElse(ChannelConfig.Quota.NONE);
    }

    /** What the VMM of one end is told of a channel, but for how much of its quota is used. */
    static ChannelConfig channel(Direction direction, Flow flow, int index, long gpa) {
        return channel(
                direction,
                flow,
                index,
                gpa,
                flow.limits()
                        .quota()
                        .map(quota -> new ChannelConfig.Quota(quota.amount(), quota.periodNanos(), 0, 0))
                        .orElse(ChannelConfig.Quota.NONE));
    }

    /** What the VMM of one end is told of a channel. */
    static ChannelConfig channel(Direction direction, Flow flow, int index, long gpa, ChannelConfig.Quota quota) {
        boolean out = direction == Direction.OUT;
        boolean stream = flow.kind() == FlowKind.STREAM;
        return new ChannelConfig(
                index,
                flow.name(),
                flow.kind(),
                direction,
                out ? flow.to().name() : flow.from().name(),
                new ChannelConfig.Window(
                        gpa,
                        flow.windowBytes(),
                        stream ? 1 : flow.recordBytes(),
                        stream ? flow.capacity() : flow.records()),
                new ChannelConfig.Limits(
                        flow.rate().map(Rate::perSecond).orElse(0L),
                        flow.rate().map(Rate::burst).orElse(0L),
                        ChannelLimits.backPerSecond(flow),
                        quota),
                sockets(out ? flow.to() : flow.from(), flow));
    }

    private static ChannelConfig.Sockets sockets(Endpoint peer, Flow flow) {
        long cid = peer instanceof Domain domain ? domain.cid() : SocketUse.HOST_CID;
        return flow.sockets()
                .map(use -> new ChannelConfig.Sockets(cid, use.ports(), use.answers(), use.answered()))
                .orElse(ChannelConfig.Sockets.NONE);
    }
}
