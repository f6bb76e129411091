package dev.cloister.policy.language;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.decision.DecisionCore;
import dev.cloister.policy.decision.Measurements;
import dev.cloister.policy.decision.Request;
import dev.cloister.policy.history.History;
import dev.cloister.policy.model.Flow;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.model.Problem;
import dev.cloister.policy.reference.Doc;
import dev.cloister.policy.reference.RandomPolicies;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Fragments only narrow: whatever a policy with fragments grants, it grants without them, after the same things have happened.
 * Fragments that could allow more are refused.
 */
class FragmentPropertyTest {
    private static final int POLICIES = 200;
    private static final int REQUESTS = 60;
    private static final long HOUR = 3_600_000_000_000L;

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13})
    void nothingIsGrantedThatWouldNotBeGrantedWithout(long seed) throws Exception {
        Random random = new Random(seed);
        int narrowed = 0;
        int refused = 0;
        int granted = 0;
        int onlyWithout = 0;
        for (int round = 0; round < POLICIES; round++) {
            RandomPolicies generator = RandomPolicies.of(random);
            Map<String, Object> document = generator.next();
            document.remove("include");
            Policy without = parse(document);
            List<String> paths = new ArrayList<>(List.of("own.json"));
            for (Map.Entry<String, Object> fragment : generator.fragments().entrySet()) {
                Files.writeString(folder.resolve(fragment.getKey()), Doc.text(fragment.getValue()));
                paths.add(fragment.getKey());
            }
            Files.writeString(folder.resolve("own.json"), fragment(random, without));
            document.put("include", paths);
            Policy with;
            try {
                with = parse(document);
            } catch (PolicyException e) {
                refused++;
                Set<String> codes = new TreeSet<>();
                e.problems().stream()
                        .filter(Problem::isError)
                        .forEach(problem -> codes.add(problem.id().code()));
                assertThat(codes)
                        .as("seed %d round %d: %s", seed, round, e.getMessage())
                        .isSubsetOf("CLP140", "CLP014", "CLP011");
                continue;
            }
            narrowed++;
            int[] counts = compare(random, with, without, "seed " + seed + " round " + round);
            granted += counts[0];
            onlyWithout += counts[1];
        }
        // The property is worth something only if all of these occur.
        assertThat(List.of(narrowed, refused, granted, onlyWithout))
                .as("narrowed, refused, granted, granted only without")
                .allMatch(count -> count >= 10);
    }

    private static int[] compare(Random random, Policy with, Policy without, String where) {
        History narrow = new History(with, 0);
        History wide = new History(without, 0);
        int granted = 0;
        int onlyWithout = 0;
        long now = 0;
        for (int i = 0; i < REQUESTS; i++) {
            now += random.nextInt(4) == 0 ? random.nextLong(3 * HOUR) : random.nextLong(1_000_000_000);
            Request request = request(random, with, now);
            long answer = DecisionCore.evaluate(with, narrow, request);
            long wider = DecisionCore.evaluate(without, wide, request);
            boolean yes = DecisionCore.granted(answer);
            assertThat(!yes || DecisionCore.granted(wider))
                    .as("%s: %s is granted with fragments only", where, request)
                    .isTrue();
            granted += yes ? 1 : 0;
            onlyWithout += !yes && DecisionCore.granted(wider) ? 1 : 0;
            // What happens is what the policy with fragments grants, in both worlds.
            happen(with, narrow, request, answer);
            happen(without, wide, request, answer);
        }
        return new int[] {granted, onlyWithout};
    }

    private static void happen(Policy policy, History history, Request request, long answer) {
        DecisionCore.record(policy, history, request, answer);
        if (DecisionCore.granted(answer)) {
            switch (request) {
                case Request.Start start -> history.started(start.domain());
                case Request.Open _ -> history.opened(DecisionCore.flow(answer), (_, _, _) -> {});
                case Request.Use _ -> {}
            }
        }
    }

    private static Request request(Random random, Policy policy, long now) {
        Measurements presented = Measurements.asStated(policy);
        long windows = random.nextLong();
        int pick = random.nextInt(10);
        if (pick == 0 || policy.flows().isEmpty()) {
            return new Request.Start(random.nextInt(policy.domains().size()), presented, windows, now);
        }
        Flow flow = policy.flow(random.nextInt(policy.flows().size()));
        if (pick < 4) {
            return new Request.Use(flow.index(), 1 + random.nextInt(30), windows, now);
        }
        FlowKind kind = random.nextInt(8) == 0 ? FlowKind.values()[random.nextInt(8)] : flow.kind();
        int named = random.nextBoolean() ? flow.index() : Request.ANY_FLOW;
        int asker = random.nextBoolean()
                ? Request.BY_DAEMON
                : random.nextInt(policy.domains().size());
        return new Request.Open(flow.from().index(), flow.to().index(), kind, named, asker, presented, windows, now);
    }

    private Policy parse(Map<String, Object> document) throws PolicyException {
        return PolicyLoader.parse("p.json", Doc.text(document).getBytes(StandardCharsets.UTF_8), folder);
    }

    /** Limits of every sort for all sorts of flows, often wider than what stands. */
    private static String fragment(Random random, Policy policy) {
        List<Object> limits = new ArrayList<>();
        for (int i = random.nextInt(3); i > 0 && !policy.flows().isEmpty(); i--) {
            Flow flow = policy.flow(random.nextInt(policy.flows().size()));
            Object flows = random.nextInt(3) == 0
                    ? Doc.of(
                            "from",
                            random.nextBoolean() ? "*" : flow.from().name(),
                            "to",
                            flow.to().name(),
                            "kinds",
                            flow.kind().jsonName())
                    : List.of(flow.name());
            Map<String, Object> limit = Doc.of("flows", flows);
            limit(random, limit, flow);
            limits.add(limit);
        }
        Map<String, Object> fragment = Doc.of("version", 1L, "fragment", "own", "limits", limits);
        fragment.put("windows", List.of(Doc.of("name", "ownw", "after", "1h", "for", "2h")));
        if (random.nextInt(3) == 0) {
            fragment.put("requestRate", rate(random));
        }
        if (random.nextInt(3) == 0 && !policy.flows().isEmpty()) {
            Flow flow = policy.flow(random.nextInt(policy.flows().size()));
            fragment.put(
                    "forbid",
                    List.of(Doc.of("from", flow.from().name(), "to", flow.to().name(), "because", "own")));
        }
        return Doc.text(fragment);
    }

    private static void limit(Random random, Map<String, Object> limit, Flow flow) {
        switch (random.nextInt(4)) {
            case 0 -> limit.put("rate", rate(random));
            case 1 -> {
                String unit = flow.kind() == FlowKind.EVENT ? "units" : "bytes";
                long seconds = 1 + random.nextInt(4);
                long stands = flow.limits()
                        .quota()
                        .map(quota -> quota.periodNanos() / 1_000_000_000)
                        .orElse(60L);
                long period = random.nextBoolean() ? seconds * stands : seconds * 30;
                limit.put("quota", Doc.of(unit, 1L + random.nextInt(60), "per", period + "s"));
            }
            case 2 -> limit.put("when", "ownw");
            default -> limit.put("backChannel", Doc.of("bitsPerSecond", 1L + random.nextInt(20)));
        }
    }

    private static Map<String, Object> rate(Random random) {
        return Doc.of("perSecond", 1L + random.nextInt(20), "burst", 1L + random.nextInt(20));
    }
}
