package dev.cloister.policy.daemon;

import dev.cloister.policy.channel.DirectoryLayout;
import dev.cloister.policy.model.BackChannel;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Image;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Rate;
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
     * @throws IOException if its channels don't fit the directory or the window area
     */
    static DomainConfig of(Policy policy, Domain domain, boolean serialIn) throws IOException {
        return new DomainConfig(
                domain.id(),
                domain.name(),
                policy.lattice().format(domain.label()),
                domain.memory().bytes(),
                domain.cpus().count(),
                domain.engine(),
                bootName(domain.image()),
                domain.image().cmdline(),
                domain.image().initrd().isPresent(),
                serialIn,
                policy.onDaemonLoss(),
                channels(policy, domain));
    }

    private static String bootName(Image image) {
        return image.files().getFirst().path();
    }

    /** Position of a flow in the directory of one of its ends. */
    static int indexOf(Policy policy, Domain domain, Flow flow) {
        return policy.flowsOf(domain).indexOf(flow);
    }

    private static List<ChannelConfig> channels(Policy policy, Domain domain) throws IOException {
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
            channels.add(channel(domain, flow, channels.size(), window == 0 ? 0 : gpa));
            gpa += window;
        }
        return channels;
    }

    private static ChannelConfig channel(Domain domain, Flow flow, int index, long gpa) {
        boolean out = flow.from() == domain;
        boolean stream = flow.kind() == FlowKind.STREAM;
        return new ChannelConfig(
                index,
                flow.name(),
                flow.kind(),
                out ? Direction.OUT : Direction.IN,
                out ? flow.to().name() : flow.from().name(),
                gpa,
                flow.windowBytes(),
                stream ? 1 : flow.recordBytes(),
                stream ? flow.capacity() : flow.records(),
                flow.rate().map(Rate::perSecond).orElse(0L),
                flow.rate().map(Rate::burst).orElse(0L),
                flow.backChannel().map(BackChannel::bitsPerSecond).orElse(0L));
    }
}
