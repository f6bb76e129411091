package dev.cloister.policy.daemon;

import dev.cloister.policy.model.BackChannel;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Compares what two policies say about how one flow's channel is made. Positions in files make no difference. */
final class ChannelLimits {
    private ChannelLimits() {}

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

    private static long budget(Flow flow) {
        return flow.backChannel().map(BackChannel::bitsPerSecond).orElse(0L);
    }

    /** What differs so that a live channel has to be made anew, in words; empty where it can stay as it is. */
    static String remade(Flow before, Flow after) {
        List<String> differs = new ArrayList<>();
        if (before.windowBytes() != after.windowBytes()
                || before.recordBytes() != after.recordBytes()
                || before.records() != after.records()
                || before.capacity() != after.capacity()) {
            differs.add("size");
        }
        boolean console = before.kind() == FlowKind.CONSOLE;
        if (!console && !sameRate(before, after)) {
            differs.add("rate");
        }
        if (!console && !quota(before).equals(quota(after))) {
            differs.add("quota");
        }
        if (budget(before) != budget(after)) {
            differs.add("back channel");
        }
        return String.join(", ", differs);
    }

    /** What differs that a live channel takes over as it is, in words; empty for nothing. */
    static String takenOver(Flow before, Flow after) {
        List<String> differs = new ArrayList<>();
        boolean console = before.kind() == FlowKind.CONSOLE;
        if (console && !sameRate(before, after)) {
            differs.add("rate");
        }
        if (console && !quota(before).equals(quota(after))) {
            differs.add("quota");
        }
        if (before.limits().revokeWithinNanos() != after.limits().revokeWithinNanos()) {
            differs.add("revokeWithin");
        }
        return String.join(", ", differs);
    }
}
