package dev.cloister.policy.decision;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.PolicyException;
import dev.cloister.policy.reference.Answer;
import dev.cloister.policy.reference.CoreRunner;
import dev.cloister.policy.reference.Event;
import dev.cloister.policy.reference.RandomScenarios;
import dev.cloister.policy.reference.Reference;
import dev.cloister.policy.reference.Scenario;
import dev.cloister.policy.reference.Shrinker;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random policies and sequences: the core and the literal reference give each gate the same reason, and make the same contacts. */
class DecisionPropertyTest {
    private static final int SCENARIOS = 250;
    private static final int EVENTS = 60;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void theCoreAgreesWithTheReference(long seed) throws Exception {
        Random random = new Random(seed);
        for (int round = 0; round < SCENARIOS; round++) {
            Scenario scenario = RandomScenarios.next(random, EVENTS);
            Optional<String> difference = difference(scenario);
            if (difference.isPresent()) {
                Scenario small = Shrinker.scenario(scenario, DecisionPropertyTest::differs);
                throw new AssertionError("seed " + seed + " round " + round + ": "
                        + difference(small).orElseThrow() + "\n" + small);
            }
        }
    }

    @Test
    void everyReasonOccurs() throws Exception {
        Random random = new Random(7);
        Map<Reason, Integer> seen = new EnumMap<>(Reason.class);
        for (int round = 0; round < SCENARIOS; round++) {
            Scenario scenario = RandomScenarios.next(random, EVENTS);
            CoreRunner core = new CoreRunner(scenario.load(), scenario.loaded(), 0);
            scenario.events().stream()
                    .flatMap(event -> core.apply(event).reasons().values().stream())
                    .forEach(reason -> seen.merge(Reason.valueOf(reason), 1, Integer::sum));
        }
        assertThat(seen).containsOnlyKeys(Reason.values());
        assertThat(seen.values()).as("how often: %s", seen).allMatch(count -> count >= 3);
    }

    private static boolean differs(Scenario scenario) {
        try {
            return difference(scenario).isPresent();
        } catch (PolicyException _) {
            return false;
        }
    }

    private static Optional<String> difference(Scenario scenario) throws PolicyException {
        Policy policy = scenario.load();
        CoreRunner core = new CoreRunner(policy, scenario.loaded(), Long.MAX_VALUE - 5);
        Reference reference = new Reference(scenario);
        for (Event event : scenario.events()) {
            Answer expected = reference.next(event);
            Answer actual = core.apply(event);
            if (!expected.equals(actual)) {
                return Optional.of(event + "\nreference " + expected + "\ncore      " + actual);
            }
        }
        return Optional.empty();
    }
}
