package dev.cloister.policy.reference;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** Random policies and what happens under them; deterministic for a seed. */
public final class RandomScenarios {
    /** Around the end of summer time in Europe and America, when local times come twice. */
    private static final Instant LATE_OCTOBER = Instant.parse("2026-10-24T00:00:00Z");

    private static final long SECOND = 1_000_000_000L;
    private static final long HOUR = 3600 * SECOND;

    private final Random random;
    private final ReferencePolicy names;
    private final List<String> endpoints;

    private RandomScenarios(Random random, ReferencePolicy names) {
        this.random = random;
        this.names = names;
        this.endpoints = List.copyOf(names.endpoints().keySet());
    }

    /** Returns a scenario with so many events. */
    public static Scenario next(Random random, int events) {
        RandomPolicies generator = RandomPolicies.of(random);
        Map<String, Object> policy = generator.next();
        Map<String, Object> fragments = generator.fragments();
        ReferencePolicy names = new ReferencePolicy(
                policy, fragments.values().stream().map(Doc::object).toList());
        Instant loaded = LATE_OCTOBER.plusSeconds(random.nextInt(12 * 24 * 60) * 60L + random.nextInt(60));
        return new Scenario(policy, fragments, loaded, new RandomScenarios(random, names).events(events));
    }

    private List<Event> events(int count) {
        List<Event> events = new ArrayList<>();
        for (int i = random.nextInt(3); i > 0; i--) {
            contact().ifPresent(events::add);
        }
        while (events.size() < count) {
            events.add(event());
        }
        return events;
    }

    private Event event() {
        return switch (random.nextInt(16)) {
            case 0, 1 -> new Event.Start(any(names.domains()));
            case 2 -> random.nextInt(3) == 0 ? new Event.Stop(any(names.domains())) : measure();
            case 3 -> new Event.Close(flow("name"));
            case 4, 5 -> new Event.Pass(span());
            case 6, 7, 8, 9 -> new Event.Use(flow("name"), units());
            case 10 ->
                new Event.Open(
                        any(endpoints),
                        any(endpoints),
                        RandomPolicies.KINDS[random.nextInt(RandomPolicies.KINDS.length)],
                        random.nextInt(4) == 0 ? Optional.of(flow("name")) : Optional.empty(),
                        asker());
            default -> declared();
        };
    }

    private String any(List<String> list) {
        return list.get(random.nextInt(list.size()));
    }

    private String flow(String field) {
        return Doc.string(names.flows().get(random.nextInt(names.flows().size())), field);
    }

    private Event declared() {
        Map<String, Object> flow =
                names.flows().get(random.nextInt(names.flows().size()));
        Optional<String> named = random.nextBoolean() ? Optional.of(Doc.string(flow, "name")) : Optional.empty();
        String kind = random.nextInt(12) == 0 ? "event" : Doc.string(flow, "kind");
        return new Event.Open(Doc.string(flow, "from"), Doc.string(flow, "to"), kind, named, asker());
    }

    private Optional<String> asker() {
        return random.nextInt(3) == 0 ? Optional.of(any(names.domains())) : Optional.empty();
    }

    private long units() {
        return random.nextInt(40) == 0 ? Long.MAX_VALUE - random.nextInt(3) : random.nextInt(1 + random.nextInt(40));
    }

    private long span() {
        return switch (random.nextInt(9)) {
            case 0 -> -random.nextInt(1000);
            case 5 -> SECOND / (1 + random.nextInt(50));
            case 1 -> random.nextLong(36 * HOUR);
            case 2 -> random.nextLong(HOUR);
            case 3 -> 60 * SECOND;
            case 4 -> random.nextLong(60 * SECOND);
            default -> random.nextLong(SECOND);
        };
    }

    private Event measure() {
        String endpoint = any(endpoints);
        if (endpoint.startsWith("@")) {
            return new Event.Measure(endpoint, Map.of("sha256", RandomPolicies.digest(random.nextBoolean() ? 200 : 7)));
        }
        Map<String, Object> image = Doc.object(Doc.get(Doc.get(names.endpoints(), endpoint), "image"));
        Map<String, String> digests = new java.util.TreeMap<>();
        image.forEach((file, stated) -> digests.put(file, Doc.string(Doc.object(stated), "sha256")));
        switch (random.nextInt(4)) {
            case 0 ->
                digests.put(List.of("kernel", "firmware", "initrd").get(random.nextInt(3)), RandomPolicies.digest(7));
            case 1 -> digests.remove(List.of("kernel", "firmware", "initrd").get(random.nextInt(3)));
            default -> {}
        }
        return new Event.Measure(endpoint, digests);
    }

    private Optional<Event> contact() {
        List<Map<String, Object>> sets = names.conflicts(random.nextInt(4) == 0 ? "concurrent" : "historic");
        if (sets.isEmpty()) {
            return Optional.empty();
        }
        Map<String, Object> set = sets.get(random.nextInt(sets.size()));
        List<String> parties = List.copyOf(names.parties(set).keySet());
        return Optional.of(new Event.Contact(Doc.string(set, "name"), any(endpoints), any(parties)));
    }
}
