package dev.cloister.policy.decision;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Guard;
import dev.cloister.policy.model.ImageFile;
import dev.cloister.policy.model.Label;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Rate;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The documented semantics, written down literally and slowly: sets for labels, a list of everything that was taken from
 * a bucket, arbitrary precision. It shares no code with the core.
 */
final class ReferenceDecision {
    private static final BigInteger SECOND = BigInteger.valueOf(1_000_000_000);

    private record Taken(long nanos, long units) {}

    private final Policy policy;
    private final Map<String, List<Taken>> buckets = new HashMap<>();

    ReferenceDecision(Policy policy) {
        this.policy = policy;
    }

    /** The gates that refuse. */
    Set<Gate> refusing(Request request, Map<String, String> measured) {
        Set<Gate> gates = new HashSet<>();
        switch (request) {
            case Request.Start start -> {
                if (!measured(policy.endpoint(start.domain()), measured)) {
                    gates.add(Gate.MEASUREMENT);
                }
            }
            case Request.Open open -> {
                Endpoint from = policy.endpoint(open.from());
                Endpoint to = policy.endpoint(open.to());
                Optional<Flow> flow = declared(open);
                if (flow.isEmpty()) {
                    gates.add(Gate.DECLARED);
                }
                if (!labels(from, to)) {
                    gates.add(Gate.LABELS);
                }
                boolean asks = open.asker() != Request.BY_DAEMON;
                boolean askedTooOften =
                        asks && !has("asker" + open.asker(), Optional.of(policy.requestRate()), 1, open.nanos());
                boolean flowEmpty =
                        flow.isPresent() && !has(flow.get().name(), flow.get().rate(), 1, open.nanos());
                if (askedTooOften || flowEmpty) {
                    gates.add(Gate.RATE);
                }
                if (!measured(from, measured) || !measured(to, measured)) {
                    gates.add(Gate.MEASUREMENT);
                }
                if (asks) {
                    take("asker" + open.asker(), policy.requestRate(), 1, open.nanos());
                }
                if (gates.isEmpty()) {
                    flow.get().rate().ifPresent(rate -> take(flow.get().name(), rate, 1, open.nanos()));
                }
            }
            case Request.Use use -> {
                Flow flow = policy.flow(use.flow());
                if (!labels(flow.from(), flow.to())) {
                    gates.add(Gate.LABELS);
                }
                if (!has(flow.name(), flow.rate(), use.units(), use.nanos())) {
                    gates.add(Gate.RATE);
                }
                if (gates.isEmpty()) {
                    flow.rate().ifPresent(rate -> take(flow.name(), rate, use.units(), use.nanos()));
                }
            }
        }
        return gates;
    }

    private Optional<Flow> declared(Request.Open open) {
        return policy.flows().stream()
                .filter(flow -> open.flow() == Request.ANY_FLOW || flow.index() == open.flow())
                .filter(flow -> flow.from().index() == open.from() && flow.to().index() == open.to())
                .filter(flow -> flow.kind() == open.kind())
                .findFirst();
    }

    private boolean labels(Endpoint from, Endpoint to) {
        if (below(from.label(), to.label())) {
            return true;
        }
        Optional<Guard> sender = guard(from);
        Optional<Guard> receiver = guard(to);
        if (sender.isPresent() == receiver.isPresent()) {
            return false;
        }
        return receiver.isPresent()
                ? below(from.label(), receiver.get().from())
                : below(sender.get().to(), to.label());
    }

    private Optional<Guard> guard(Endpoint endpoint) {
        return policy.guards().stream()
                .filter(guard -> guard.domain().name().equals(endpoint.name()))
                .findFirst();
    }

    private boolean below(Label low, Label high) {
        return low.level() <= high.level() && names(high).containsAll(names(low));
    }

    private Set<String> names(Label label) {
        Set<String> names = new HashSet<>();
        for (int i = 0; i < policy.lattice().compartments().size(); i++) {
            if ((label.compartments() & 1L << i) != 0) {
                names.add(policy.lattice().compartments().get(i));
            }
        }
        return names;
    }

    private boolean has(String bucket, Optional<Rate> rate, long units, long nanos) {
        if (rate.isEmpty()) {
            return true;
        }
        return level(bucket, rate.get(), nanos)
                        .compareTo(BigInteger.valueOf(units).multiply(SECOND))
                >= 0;
    }

    private void take(String bucket, Rate rate, long units, long nanos) {
        buckets.computeIfAbsent(bucket, _ -> new ArrayList<>()).add(new Taken(nanos, units));
    }

    /** Replays everything ever taken from the bucket. */
    private BigInteger level(String bucket, Rate rate, long nanos) {
        BigInteger full = BigInteger.valueOf(rate.burst()).multiply(SECOND);
        BigInteger level = full;
        Optional<Long> last = Optional.empty();
        for (Taken taken : buckets.getOrDefault(bucket, List.of())) {
            level = refilled(level, full, rate, last, taken.nanos());
            level = level.subtract(BigInteger.valueOf(taken.units()).multiply(SECOND))
                    .max(BigInteger.ZERO);
            last = Optional.of(Math.max(last.orElse(taken.nanos()), taken.nanos()));
        }
        return refilled(level, full, rate, last, nanos);
    }

    private static BigInteger refilled(BigInteger level, BigInteger full, Rate rate, Optional<Long> last, long nanos) {
        long elapsed = last.isEmpty() ? 0 : Math.max(0, nanos - last.get());
        return level.add(BigInteger.valueOf(elapsed).multiply(BigInteger.valueOf(rate.perSecond())))
                .min(full);
    }

    private static boolean measured(Endpoint endpoint, Map<String, String> measured) {
        if (!(endpoint instanceof Domain domain)) {
            return true;
        }
        String stated = domain.image().kernel().orElseThrow().sha256() + "+"
                + domain.image().initrd().map(ImageFile::sha256).orElse("");
        return stated.equals(measured.get(domain.name()));
    }
}
