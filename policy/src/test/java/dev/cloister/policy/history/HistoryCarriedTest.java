package dev.cloister.policy.history;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.decision.DecisionCore;
import dev.cloister.policy.decision.Measurements;
import dev.cloister.policy.decision.Request;
import dev.cloister.policy.model.ConflictSet;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.reference.Doc;
import dev.cloister.policy.reference.RandomScenarios;
import dev.cloister.policy.reference.Scenario;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random policies that follow each other: what happened before counts on, and what stays open is granted. */
class HistoryCarriedTest {
    private static final int ROUNDS = 300;
    private static final int STEPS = 40;
    private static final long ALL = -1;

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14})
    void nothingIsForgottenAndNothingStaysThatIsNotGranted(long seed) throws PolicyException {
        Random random = new Random(seed);
        int carried = 0;
        for (int round = 0; round < ROUNDS; round++) {
            Scenario first = RandomScenarios.next(random, 0);
            Scenario second = random.nextBoolean() ? RandomScenarios.next(random, 0) : mutated(first, random);
            String what = "seed " + seed + " round " + round + "\n" + first + "\n" + second;
            Policy before = first.load();
            Policy after = second.load();
            long start = random.nextLong();
            History history = new History(before, start);
            long now = live(before, history, random, start);
            carried += check(what, before, history, PolicyMatch.of(before, after), now);
        }
        assertThat(carried).as("seed %d: how many channels stayed open", seed).isGreaterThan(ROUNDS / 10);
    }

    /** The same policy with a few things taken away, or other limits. */
    private static Scenario mutated(Scenario of, Random random) {
        for (int attempt = 0; attempt < 20; attempt++) {
            Map<String, Object> policy = Doc.object(Doc.copy(of.policy()));
            for (String list : List.of("flows", "guards", "conflicts")) {
                List<Object> items = new ArrayList<>(Doc.items(policy, list));
                if (!items.isEmpty() && random.nextInt(3) == 0) {
                    items.remove(random.nextInt(items.size()));
                    policy.put(list, items);
                }
            }
            for (Map<String, Object> flow : Doc.objects(policy, "flows")) {
                if (random.nextInt(6) == 0) {
                    flow.remove(random.nextBoolean() ? "quota" : "rate");
                }
            }
            Scenario next = new Scenario(policy, of.fragments(), of.loaded(), List.of());
            if (loads(next)) {
                return next;
            }
        }
        return of;
    }

    private static boolean loads(Scenario scenario) {
        try {
            scenario.load();
            return true;
        } catch (PolicyException _) {
            return false;
        }
    }

    private static long live(Policy policy, History history, Random random, long start) {
        long now = start;
        policy.domains().forEach(domain -> {
            if (random.nextBoolean()) {
                history.started(domain.index());
            }
        });
        for (int step = 0; step < STEPS && !policy.flows().isEmpty(); step++) {
            Flow flow = policy.flow(random.nextInt(policy.flows().size()));
            now += random.nextLong(2_000_000_000L);
            if (!history.isOpen(flow.index())) {
                if (granted(policy, history, flow, now)) {
                    history.opened(flow.index(), (_, _, _) -> {});
                }
            } else if (random.nextInt(5) == 0) {
                history.closed(flow.index());
            } else {
                Request use = new Request.Use(flow.index(), 1 + random.nextInt(50), ALL, now);
                DecisionCore.record(
                        policy,
                        history,
                        use,
                        DecisionCore.decide(policy, history, use).packed());
            }
        }
        return now;
    }

    private static boolean granted(Policy policy, History history, Flow flow, long now) {
        Request request = new Request.Open(
                flow.from().index(),
                flow.to().index(),
                flow.kind(),
                flow.index(),
                Request.BY_DAEMON,
                Measurements.asStated(policy),
                ALL,
                now);
        return DecisionCore.decide(policy, history, request).granted();
    }

    private static int check(String what, Policy before, History old, PolicyMatch match, long now) {
        Policy after = match.after();
        Map<Flow, Long> used = new HashMap<>();
        before.flows()
                .forEach(flow -> flow.limits().quota().ifPresent(quota -> used.put(flow, old.used(flow, quota, now))));
        History next = History.carried(old, match, now);
        after.flows()
                .forEach(flow -> assertThat(next.isOpen(flow.index())).as(what).isFalse());
        used.forEach((flow, units) -> {
            int at = match.newFlow(flow.index());
            if (at != PolicyMatch.NONE) {
                after.flow(at)
                        .limits()
                        .quota()
                        .ifPresent(quota -> assertThat(next.used(after.flow(at), quota, now))
                                .as("quota of %s\n%s", flow.name(), what)
                                .isGreaterThanOrEqualTo(units));
            }
        });
        before.domains().forEach(domain -> {
            int at = match.newEndpoint(domain.index());
            if (at != PolicyMatch.NONE) {
                assertThat(next.runs(at)).as(what).isEqualTo(old.runs(domain.index()));
            }
        });
        contacts(what, old, next, match);
        quotasComeBack(what, old, used, match, next, now);
        return open(what, old, next, match, now);
    }

    /** Whatever an endpoint held it holds, where set and party are there under their names. */
    private static void contacts(String what, History old, History next, PolicyMatch match) {
        for (ConflictSet was : match.before().conflicts()) {
            for (ConflictSet now : match.after().conflicts()) {
                for (int i = 0; i < match.before().endpoints().size(); i++) {
                    int at = match.newEndpoint(i);
                    boolean same = was.name().equals(now.name())
                            && now.mode() == ConflictSet.Mode.HISTORIC
                            && at != PolicyMatch.NONE;
                    if (same && next.party(now.index(), at) != History.EXEMPT) {
                        held(what, was, now, old.party(was.index(), i), next.party(now.index(), at));
                    }
                }
            }
        }
    }

    private static void held(String what, ConflictSet was, ConflictSet now, int before, int after) {
        if (before == History.SEVERAL) {
            assertThat(after).as(what).isEqualTo(History.SEVERAL);
        } else if (before >= 0) {
            String name = was.parties().get(before).name();
            boolean known =
                    now.parties().stream().anyMatch(party -> party.name().equals(name));
            boolean same = after == History.SEVERAL
                    || after >= 0 && now.parties().get(after).name().equals(name);
            assertThat(!known || same)
                    .as("%s in %s\n%s", name, now.name(), what)
                    .isTrue();
        }
    }

    /** A policy that states a quota no more, and the first one again: nothing is given back. */
    private static void quotasComeBack(
            String what, History old, Map<Flow, Long> used, PolicyMatch match, History next, long now) {
        History again = History.carried(next, PolicyMatch.of(match.after(), match.before()), now);
        used.forEach((flow, units) -> assertThat(
                        again.used(flow, flow.limits().quota().orElseThrow(), now))
                .as("quota of %s, back again\n%s", flow.name(), what)
                .isGreaterThanOrEqualTo(units));
        assertThat(again.loadedNanos()).isEqualTo(old.loadedNanos());
    }

    /** As the daemon does it: each channel that was open is decided anew. Then each that is open is granted. */
    private static int open(String what, History old, History next, PolicyMatch match, long now) {
        List<Flow> live = new ArrayList<>();
        for (Flow flow : match.before().flows()) {
            int at = match.newFlow(flow.index());
            if (old.isOpen(flow.index())
                    && at != PolicyMatch.NONE
                    && granted(match.after(), next, match.after().flow(at), now)) {
                next.opened(at, (_, _, _) -> {});
                live.add(match.after().flow(at));
            }
        }
        for (Flow flow : live) {
            assertThat(granted(match.after(), next, flow, now))
                    .as("flow %s\n%s", flow.name(), what)
                    .isTrue();
        }
        return live.size();
    }
}
