package dev.cloister.policy.analysis;

import dev.cloister.policy.model.Cpus;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.ResidualRisk.Share;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/** Small random policies for the graph analyses: every class of edge occurs. */
final class RandomGraphs {
    private static final FlowKind[] KINDS = {FlowKind.MEMORY, FlowKind.EVENT, FlowKind.STREAM, FlowKind.DATAGRAM};

    private RandomGraphs() {}

    static Policy next(Random random) {
        return builder(random, 3 + random.nextInt(4), random.nextInt(9)).build();
    }

    static PolicyBuilder builder(Random random, int domains, int flows) {
        PolicyBuilder builder = new PolicyBuilder("low", "mid", "high");
        List<Domain> list = new ArrayList<>();
        for (int i = 0; i < domains; i++) {
            Cpus cpus =
                    random.nextBoolean() ? new Cpus(1, List.of(random.nextInt(3)), random.nextInt(4) == 0) : Cpus.of(1);
            list.add(builder.domain("d" + i, builder.label(random.nextInt(3), random.nextInt(3) & 1), cpus));
        }
        for (Domain domain : list) {
            if (random.nextInt(4) == 0) {
                builder.guard(domain, builder.label(random.nextInt(3), 1), builder.label(random.nextInt(3)));
            }
        }
        for (int i = 0; i < flows; i++) {
            int from = random.nextInt(domains);
            int to = (from + 1 + random.nextInt(domains - 1)) % domains;
            FlowKind kind = KINDS[random.nextInt(KINDS.length)];
            boolean budget = kind.inducesReverseEdge() && random.nextBoolean();
            builder.flow("f" + i, list.get(from), list.get(to), kind, budget ? 1 + random.nextInt(9) : 0);
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            EnumSet<Share> shares = EnumSet.of(Share.values()[random.nextInt(3)]);
            builder.risk(some(random, list), some(random, list), shares, random.nextInt(2) * 5L, Optional.empty());
        }
        return builder;
    }

    /** Returns at least one of a list. */
    static <T extends Endpoint> List<T> some(Random random, List<T> all) {
        List<T> some =
                new ArrayList<>(all.stream().filter(_ -> random.nextInt(3) == 0).toList());
        if (some.isEmpty()) {
            some.add(all.get(random.nextInt(all.size())));
        }
        return some;
    }

    /** Returns a policy of that size: layers of labels, flows mostly upwards, some streams with budgets. */
    static PolicyBuilder large(int domains, int flows, long seed) {
        Random random = new Random(seed);
        PolicyBuilder builder = new PolicyBuilder("low", "mid", "high");
        List<Domain> list = IntStream.range(0, domains)
                .mapToObj(i -> builder.domain("d" + i, builder.label(i * 3 / domains, random.nextInt(2))))
                .toList();
        for (int i = 0; i < domains / 100; i++) {
            Domain guard = list.get(domains * 2 / 3 + i);
            builder.guard(guard, guard.label(), builder.label(0));
        }
        for (int i = 0; i < flows; i++) {
            Domain from = list.get(random.nextInt(domains));
            Domain to = list.get(random.nextInt(domains));
            boolean stream = random.nextInt(20) == 0;
            if (from != to && to.label().dominates(from.label())) {
                builder.flow(
                        "f" + i,
                        from,
                        to,
                        stream ? FlowKind.STREAM : FlowKind.MEMORY,
                        stream ? 1 + random.nextInt(8) : 0);
            } else if (from != to) {
                builder.flow("f" + i, to, from, FlowKind.MEMORY, 0);
            }
        }
        return builder;
    }
}
