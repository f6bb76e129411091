package dev.cloister.policy.daemon;

import dev.cloister.policy.daemon.host.HostDisks;
import dev.cloister.policy.daemon.host.HostTaps;
import dev.cloister.policy.model.BackChannel;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The bounds of a flow's channel, and what of them two policies say differently. Positions in files make no difference. */
final class ChannelLimits {
    /** Ticks of a stream's credit where the policy gives no budget, as none is needed: the labels let the reverse pass. */
    private static final long FREE_CREDITS_PER_SECOND = 20_000;

    private ChannelLimits() {}

    /** How often something may go back against a flow's direction; 0 for never. */
    static long backPerSecond(Flow flow) {
        long free = flow.kind() == FlowKind.STREAM ? FREE_CREDITS_PER_SECOND : 0;
        return flow.backChannel().map(BackChannel::bitsPerSecond).orElse(free);
    }

    /** Whether both have the same token bucket, or none. */
    static boolean sameRate(Flow before, Flow after) {
        return rate(before).equals(rate(after));
    }

    private static Optional<List<Long>> rate(Flow flow) {
        return flow.rate().map(rate -> List.of(rate.perSecond(), rate.burst()));
    }

    private static Optional<List<Long>> quota(Flow flow) {
        return flow.limits().quota().map(quota -> List.of(quota.amount(), quota.periodNanos()));
    }

    private static List<Long> sizes(Flow flow) {
        return List.of(
                (long) flow.windowBytes(), (long) flow.recordBytes(), (long) flow.records(), (long) flow.capacity());
    }

    private static void note(List<String> differs, String what, boolean same) {
        if (!same) {
            differs.add(what);
        }
    }

    /** What differs so that a live channel has to be made anew, in words; empty where it can stay as it is. */
    static String remade(Flow before, Flow after) {
        List<String> differs = new ArrayList<>();
        boolean counted = before.kind() != FlowKind.CONSOLE;
        note(differs, "size", sizes(before).equals(sizes(after)));
        note(differs, "rate", !counted || sameRate(before, after));
        note(differs, "quota", !counted || quota(before).equals(quota(after)));
        note(differs, "back channel", backPerSecond(before) == backPerSecond(after));
        note(differs, "ports", before.sockets().equals(after.sockets()));
        boolean disk = before.kind() == FlowKind.DISK;
        note(differs, "disk", !disk || HostDisks.object(before).equals(HostDisks.object(after)));
        note(differs, "tap", HostTaps.interfaceOf(before).equals(HostTaps.interfaceOf(after)));
        note(differs, "socket", HostSockets.pathOf(before).equals(HostSockets.pathOf(after)));
        return String.join(", ", differs);
    }

    /** What differs that a live channel takes over as it is, in words; empty for nothing. */
    static String takenOver(Flow before, Flow after) {
        List<String> differs = new ArrayList<>();
        boolean console = before.kind() == FlowKind.CONSOLE;
        note(differs, "rate", !console || sameRate(before, after));
        note(differs, "quota", !console || quota(before).equals(quota(after)));
        boolean deadline = before.limits().revokeWithinNanos() == after.limits().revokeWithinNanos();
        note(differs, "revokeWithin", deadline);
        return String.join(", ", differs);
    }
}
