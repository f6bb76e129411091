package dev.cloister.policy.language;

import dev.cloister.policy.model.BackChannel;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Quota;
import dev.cloister.policy.model.Rate;
import dev.cloister.policy.model.When;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * One limit of a fragment, applied to flows. Of a flow that is named, each part must be narrower than what stands. Where flows
 * are selected by their ends, those that are narrower already keep what they have; but some must be narrowed, and none may
 * have a limit that is narrower in one number and wider in another.
 */
final class Narrowing {
    /** The most lists of windows of one flow. */
    static final int MAX_LISTS = 64;

    private final Fields fields;
    private final boolean byName;
    private final WindowReader windows;

    /** How a limit compares with what stands. */
    enum Compared {
        /** It is narrower, or the same, or nothing stands. */
        NARROWER,
        /** What stands is narrower. */
        WIDER,
        /** Neither holds everything that the other holds. */
        MIXED
    }

    /** Reads a limit whose flows have been found. */
    Narrowing(Fields fields, boolean byName, WindowReader windows) {
        this.fields = fields;
        this.byName = byName;
        this.windows = windows;
    }

    /** Narrows the flows with these indexes in place. */
    void apply(List<Flow> flows, List<Integer> selected) {
        List<Flow> chosen = selected.stream().map(flows::get).toList();
        Optional<Rate> rate = LimitReader.rate(fields, "rate");
        Optional<Quota> quota = quota(chosen);
        Optional<BackChannel> budget = LimitReader.backChannel(fields);
        long when = windows.bits(fields);
        if (!fields.has("rate") && !fields.has("quota") && !fields.has("backChannel") && !fields.has("when")) {
            fields.missing("rate", "\"rate\", \"quota\", \"when\" or \"backChannel\"");
        }
        rate.ifPresent(limit -> flows(flows, chosen, "rate", flow -> rate(flow, limit)));
        quota.ifPresent(limit -> flows(flows, selectedNow(flows, selected), "quota", flow -> quota(flow, limit)));
        budget.ifPresent(
                limit -> flows(flows, selectedNow(flows, selected), "backChannel", flow -> budget(flow, limit)));
        if (when != 0) {
            selected.forEach(index -> flows.set(index, windows(flows.get(index), when)));
        }
    }

    private static List<Flow> selectedNow(List<Flow> flows, List<Integer> selected) {
        return selected.stream().map(flows::get).toList();
    }

    /** A flow as it would be with a limit. */
    private record Narrowed(Compared compared, String stands, Flow flow) {}

    /** Gives a flow one limit. */
    private interface Part {
        Narrowed of(Flow flow);
    }

    private void flows(List<Flow> flows, List<Flow> chosen, String field, Part part) {
        boolean some = chosen.isEmpty();
        for (Flow flow : chosen) {
            Narrowed narrowed = part.of(flow);
            boolean refused = narrowed.compared() == Compared.MIXED || byName && narrowed.compared() == Compared.WIDER;
            if (refused) {
                wider(field, flow, narrowed.stands());
                return;
            }
            if (narrowed.compared() == Compared.NARROWER) {
                some = true;
                flows.set(flow.index(), narrowed.flow());
            }
        }
        if (!some) {
            wider(field, chosen.getFirst(), part.of(chosen.getFirst()).stands());
        }
    }

    private void wider(String field, Flow flow, String stands) {
        fields.optional(field)
                .ifPresent(at -> fields.error(
                        FindingId.FRAGMENT_WIDENS,
                        at,
                        "the fragment's \"" + field + "\" is wider than what stands for flow \"" + flow.name() + "\"",
                        stands,
                        "make it narrower, or leave the flow out: only the policy itself can allow more"));
    }

    private Optional<Quota> quota(List<Flow> chosen) {
        Set<LimitReader.Unit> units = chosen.stream()
                .map(Flow::kind)
                .filter(FlowKind::metered)
                .map(LimitReader.Unit::of)
                .collect(Collectors.toSet());
        if (units.size() > 1) {
            fields.optional("quota")
                    .ifPresent(at -> fields.error(
                            FindingId.WRONG_KIND,
                            at,
                            "the flows count different things: an event signals, the others bytes",
                            "flows that all count the same",
                            "make it two limits, with \"kinds\""));
            return Optional.empty();
        }
        return LimitReader.quota(fields, units.stream().findFirst(), "these flows");
    }

    private static Narrowed rate(Flow flow, Rate limit) {
        Optional<Rate> stands = flow.limits().rate();
        Flow.Limits limits = flow.limits().with(limit);
        return new Narrowed(
                compare(stands, limit),
                stands.map(rate -> show(rate) + " or less").orElse(""),
                with(flow, limits, flow.backChannel()));
    }

    static Compared compare(Optional<Rate> stands, Rate limit) {
        if (stands.isEmpty()) {
            return Compared.NARROWER;
        }
        long perSecond = stands.get().perSecond();
        long burst = stands.get().burst();
        if (limit.perSecond() <= perSecond && limit.burst() <= burst) {
            return Compared.NARROWER;
        }
        return limit.perSecond() >= perSecond && limit.burst() >= burst ? Compared.WIDER : Compared.MIXED;
    }

    static String show(Rate rate) {
        return rate.perSecond() + " per second, burst " + rate.burst() + ", both numbers";
    }

    private static Narrowed quota(Flow flow, Quota limit) {
        Optional<Quota> stands = flow.limits().quota();
        Flow.Limits limits = flow.limits().with(limit);
        return new Narrowed(
                compare(stands, limit),
                stands.map(quota -> quota.amount() + " or less in the same period of "
                                + Quantities.duration(quota.periodNanos()) + ", or in a whole number of them")
                        .orElse(""),
                with(flow, limits, flow.backChannel()));
    }

    /**
     * Periods are counted from the load. So only those that consist of whole periods of what stands hold it: with 60 and 90
     * minutes, two periods of 90 could spend both their amounts within one of 60.
     */
    private static Compared compare(Optional<Quota> stands, Quota limit) {
        if (stands.isEmpty()) {
            return Compared.NARROWER;
        }
        long amount = stands.get().amount();
        long period = stands.get().periodNanos();
        if (limit.amount() <= amount && limit.periodNanos() % period == 0) {
            return Compared.NARROWER;
        }
        return amount <= limit.amount() && period % limit.periodNanos() == 0 ? Compared.WIDER : Compared.MIXED;
    }

    private static Narrowed budget(Flow flow, BackChannel limit) {
        Optional<BackChannel> stands = flow.backChannel();
        // A budget where none stands would allow what the labels may forbid.
        boolean narrower =
                stands.isPresent() && limit.bitsPerSecond() <= stands.get().bitsPerSecond();
        return new Narrowed(
                narrower ? Compared.NARROWER : Compared.WIDER,
                stands.map(budget -> budget.bitsPerSecond() + " bits per second or less")
                        .orElse("a flow for which the policy states a budget"),
                with(flow, flow.limits(), Optional.of(limit)));
    }

    private Flow windows(Flow flow, long bits) {
        When stands = flow.limits().when();
        List<Long> lists = stands.lists();
        if (lists.contains(bits)) {
            return flow;
        }
        if (lists.size() == MAX_LISTS) {
            fields.error(
                    FindingId.FRAGMENT_LIMIT,
                    fields.self(),
                    "too many conditions of time on flow \"" + flow.name() + "\"",
                    "at most " + MAX_LISTS,
                    "");
            return flow;
        }
        return with(flow, flow.limits().with(stands.and(bits)), flow.backChannel());
    }

    private static Flow with(Flow flow, Flow.Limits limits, Optional<BackChannel> budget) {
        return flow.with(limits, budget);
    }
}
