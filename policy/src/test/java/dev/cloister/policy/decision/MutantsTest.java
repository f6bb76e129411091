package dev.cloister.policy.decision;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.history.History;
import dev.cloister.policy.model.Mediation;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.reference.Answer;
import dev.cloister.policy.reference.CoreRunner;
import dev.cloister.policy.reference.Doc;
import dev.cloister.policy.reference.Event;
import dev.cloister.policy.reference.RandomScenarios;
import dev.cloister.policy.reference.Reference;
import dev.cloister.policy.reference.Scenario;
import java.lang.reflect.InvocationTargetException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** The comparison with the reference bites: whatever single fault is put into the core, some scenario shows it. */
class MutantsTest {
    private static final long SEED = 20;
    private static final int SCENARIOS = 500;
    private static final int EVENTS = 60;
    private static final long BASE = 1_234_567_890_123_456_789L;

    /** Faults that change no decision, and why. */
    private static final Map<String, String> HARMLESS = Map.of(
            "History.begin NOT_CALLED 1", "where a contact came from is only for explanations",
            "History.meets OPERATOR 1", "a mark that counts down marks as well as one that counts up",
            "History.spread MOVED 1", "what stands behind the queue's end has been carried on long ago");

    /** Methods that carry a history over to another policy, by the beginning of their names. */
    private static final Set<String> CARRYING = Set.of(
            "History.carr",
            "History.lambda$carr",
            "History.lambda$restore",
            "History.inherited",
            "History.member",
            "History.restoreFormer",
            "History.key",
            "History.spoil",
            "Meters.carry",
            "Meters.spent",
            "Meters.restore");

    /** What is loaded anew for each mutant: everything that decides. */
    private static final Set<String> ANEW = Set.of(
            "dev.cloister.policy.decision.",
            "dev.cloister.policy.history.",
            "dev.cloister.policy.explain.Sequence",
            "dev.cloister.policy.model.Mediation",
            "dev.cloister.policy.reference.CoreRunner");

    private record Case(Policy policy, Scenario scenario, List<Answer> expected) {}

    @Test
    void everyFaultIsFound() throws Exception {
        List<Case> cases = cases();
        List<Mutants.Mutant> mutants = new ArrayList<>();
        for (String name : List.of("DecisionCore", "Measurements", "Reason")) {
            mutants.addAll(Mutants.of(Class.forName("dev.cloister.policy.decision." + name)));
        }
        mutants.addAll(Mutants.of(History.class));
        mutants.addAll(Mutants.of(Class.forName("dev.cloister.policy.history.Meters")));
        mutants.addAll(Mutants.of(Mediation.class));
        // Asked by analyses, not by the core.
        mutants.removeIf(mutant -> mutant.name().startsWith("Mediation.allowed"));
        // What carries a history over to another policy has no part in a decision; HistoryCarriedTest is about that.
        mutants.removeIf(mutant -> CARRYING.stream().anyMatch(mutant.name()::startsWith));
        Set<String> survivors = new TreeSet<>();
        for (Mutants.Mutant mutant : mutants) {
            if (!found(mutant, cases)) {
                survivors.add(mutant.name());
            }
        }
        assertThat(mutants).hasSizeGreaterThan(150);
        assertThat(survivors).as("of %d mutants", mutants.size()).isEqualTo(HARMLESS.keySet());
    }

    private static List<Case> cases() throws Exception {
        Random random = new Random(SEED);
        List<Case> cases = new ArrayList<>();
        for (int i = 0; i <= SCENARIOS; i++) {
            Scenario scenario = i == 0 ? aTokenIsNotThereEarly() : RandomScenarios.next(random, EVENTS);
            Reference reference = new Reference(scenario);
            List<Answer> expected =
                    scenario.events().stream().map(reference::next).toList();
            cases.add(new Case(scenario.load(), scenario, expected));
        }
        return cases;
    }

    /** A third of a second is a third of a billionth longer than chance ever hits. */
    private static Scenario aTokenIsNotThereEarly() {
        Object label = Doc.of("level", "l");
        List<Object> domains = new ArrayList<>();
        for (int i = 1; i <= 2; i++) {
            Object image = Doc.of("kernel", Doc.of("path", "k", "sha256", "ab".repeat(32)));
            String id = "00000000-0000-4000-8000-00000000000" + i;
            domains.add(Doc.of("id", id, "name", "d" + i, "label", label, "memory", "1M", "image", image));
        }
        Object rate = Doc.of("perSecond", 3, "burst", 1);
        Object flow = Doc.of("name", "f", "from", "d1", "to", "d2", "kind", "event", "rate", rate);
        Object lattice = Doc.of("levels", List.of("l"));
        Object policy = Doc.copy(
                Doc.of("version", 1, "name", "p", "lattice", lattice, "domains", domains, "flows", List.of(flow)));
        List<Event> events = List.of(
                new Event.Use("f", 1),
                new Event.Pass(333_333_333),
                new Event.Use("f", 1),
                new Event.Pass(1),
                new Event.Use("f", 1));
        return new Scenario(Doc.object(policy), Map.of(), Instant.EPOCH, events);
    }

    private static boolean found(Mutants.Mutant mutant, List<Case> cases) throws Exception {
        Class<?> runner = Mutants.load(mutant, ANEW).loadClass(CoreRunner.class.getName());
        var maker = runner.getConstructor(Policy.class, Instant.class, long.class);
        for (Case one : cases) {
            Mutants.rest();
            try {
                if (differs(maker.newInstance(one.policy(), one.scenario().loaded(), BASE), one)) {
                    return true;
                }
            } catch (InvocationTargetException | RuntimeException | AssertionError _) {
                return true;
            }
        }
        return false;
    }

    @SuppressWarnings("unchecked")
    private static boolean differs(Object runner, Case one) {
        Function<Event, Answer> core = (Function<Event, Answer>) runner;
        for (int i = 0; i < one.expected().size(); i++) {
            if (!one.expected().get(i).equals(core.apply(one.scenario().events().get(i)))) {
                return true;
            }
        }
        return false;
    }
}
