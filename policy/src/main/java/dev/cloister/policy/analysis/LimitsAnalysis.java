package dev.cloister.policy.analysis;

import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Guard;
import dev.cloister.policy.model.Mediation;
import dev.cloister.policy.model.Quota;
import dev.cloister.policy.model.Rate;
import java.math.BigInteger;
import java.util.List;

/** Rates and quotas: whoever enforces them sees the traffic, they have an effect, and they let something pass. */
final class LimitsAnalysis implements Analysis {
    /** The largest Ethernet frame without tag and check sequence. */
    private static final int FRAME_BYTES = 1514;

    private static final int SECTOR_BYTES = 512;
    private static final BigInteger SECOND = BigInteger.valueOf(1_000_000_000L);

    @Override
    public String id() {
        return "limits";
    }

    @Override
    public String title() {
        return "rates and quotas are kept";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().flows().size();
    }

    @Override
    public void run(AnalysisContext context, Findings out) {
        for (Flow flow : context.policy().flows()) {
            flow.rate().ifPresent(rate -> rate(flow, rate, out));
            flow.limits().quota().ifPresent(quota -> quota(flow, quota, out));
        }
        for (Guard guard : context.policy().guards()) {
            guard.quota().ifPresent(quota -> guard(context, guard, quota, out));
        }
    }

    private static void rate(Flow flow, Rate rate, Findings out) {
        if (!flow.kind().metered()) {
            out.warning(
                    FindingId.RATE_UNSEEN,
                    rate.position(),
                    "the rate of " + flow.kind().jsonName() + " flow \"" + flow.name()
                            + "\" limits how often it is opened, not its records: nobody sees them pass",
                    "use kind stream or event where the traffic itself must be limited");
        } else if (rate.burst() < unit(flow)) {
            out.warning(
                    FindingId.LIMIT_ALWAYS_REFUSES,
                    rate.position(),
                    "the burst of flow \"" + flow.name() + "\", " + Words.bytes(rate.burst()) + ", is less than "
                            + unitWords(flow) + ": such a one never passes",
                    "make \"burst\" " + unit(flow) + " or more");
        }
    }

    private static void quota(Flow flow, Quota quota, Findings out) {
        if (!flow.kind().metered()) {
            out.error(
                    FindingId.QUOTA_UNMETERED,
                    quota.position(),
                    "flow \"" + flow.name() + "\" has a quota, but nobody sees how much passes a channel of kind "
                            + flow.kind().jsonName(),
                    "use kind stream, or remove the quota");
        } else if (quota.amount() < unit(flow)) {
            out.warning(
                    FindingId.LIMIT_ALWAYS_REFUSES,
                    quota.position(),
                    "the quota of flow \"" + flow.name() + "\", " + Words.bytes(quota.amount()) + ", is less than "
                            + unitWords(flow) + ": such a one never passes",
                    "make the quota " + unit(flow) + " bytes or more");
        } else if (flow.rate().isPresent() && most(flow.rate().get(), quota).compareTo(amount(quota)) <= 0) {
            out.note(
                    FindingId.QUOTA_WITHOUT_EFFECT,
                    quota.position(),
                    "the quota of flow \"" + flow.name() + "\" is never used up: its rate lets at most "
                            + most(flow.rate().get(), quota) + " of " + quota.amount() + " pass in "
                            + Words.span(quota.periodNanos()),
                    "lower the quota below that, or remove it");
        }
    }

    /** The most that a token bucket lets pass in one period: what it holds at the beginning and all that it gains. */
    private static BigInteger most(Rate rate, Quota quota) {
        BigInteger gained = BigInteger.valueOf(rate.perSecond())
                .multiply(BigInteger.valueOf(quota.periodNanos()))
                .divide(SECOND);
        return gained.add(BigInteger.valueOf(rate.burst()));
    }

    private static BigInteger amount(Quota quota) {
        return BigInteger.valueOf(quota.amount());
    }

    private static void guard(AnalysisContext context, Guard guard, Quota quota, Findings out) {
        String name = "guard \"" + guard.domain().name() + "\"";
        List<Flow> released = context.policy().flowsOf(guard.domain()).stream()
                .filter(flow -> context.mediation(flow.from(), flow.to()) == Mediation.GUARD_RELEASES)
                .toList();
        if (released.isEmpty()) {
            out.note(
                    FindingId.QUOTA_WITHOUT_EFFECT,
                    quota.position(),
                    "the quota of " + name
                            + " limits nothing: no flow leaves the guard that only the guard makes legal",
                    "remove the quota");
        }
        released.stream()
                .filter(flow -> !flow.kind().metered())
                .findFirst()
                .ifPresent(flow -> out.error(
                        FindingId.QUOTA_UNMETERED,
                        quota.position(),
                        name + " has a quota for what it releases, but nobody sees how much passes flow \""
                                + flow.name() + "\" (" + flow.position() + "), of kind "
                                + flow.kind().jsonName(),
                        "use kind stream for what the guard releases, or remove the quota"));
    }

    /** The least that passes at once, in the units that are counted. */
    private static int unit(Flow flow) {
        return switch (flow.kind()) {
            case WIRE -> FRAME_BYTES;
            case DISK -> SECTOR_BYTES;
            case DATAGRAM, LOG -> flow.recordBytes();
            case MEMORY, EVENT, STREAM, CONSOLE -> 1;
        };
    }

    private static String unitWords(Flow flow) {
        return switch (flow.kind()) {
            case DISK -> "a sector of " + SECTOR_BYTES + " bytes";
            case DATAGRAM, LOG -> "a full record of " + flow.recordBytes() + " bytes";
            case MEMORY, EVENT, STREAM, CONSOLE, WIRE -> "a full frame of " + FRAME_BYTES + " bytes";
        };
    }
}
