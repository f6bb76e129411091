package dev.cloister.policy.language;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Schedule;
import dev.cloister.policy.model.Schedule.CpuPlan;
import dev.cloister.policy.model.Schedule.MajorFrame;
import dev.cloister.policy.model.Schedule.MinorFrame;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Reads the cyclic schedule. */
final class ScheduleReader {
    private static final Set<String> FIELDS = Set.of("majors");
    private static final Set<String> MAJOR_FIELDS = Set.of("name", "cpus");
    private static final Set<String> CPU_FIELDS = Set.of("cpu", "minors");
    private static final Set<String> MINOR_FIELDS = Set.of("domain", "idle", "for");
    private static final int MAX_MAJORS = 64;
    private static final int MAX_MINORS = 10_000;
    private static final long SHORTEST = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long LONGEST = TimeUnit.HOURS.toNanos(1);

    private final Endpoints endpoints;
    private final Names majors = new Names("major frame");

    ScheduleReader(Endpoints endpoints) {
        this.endpoints = endpoints;
    }

    /** Reads the policy's schedule, where it states one. */
    Optional<Schedule> read(Fields policy) {
        return policy.optional("schedule").map(json -> {
            Fields fields = policy.open(json, "the schedule", FIELDS);
            return new Schedule(
                    some(fields, "majors", MAX_MAJORS).stream()
                            .map(item -> major(fields.open(item, "a major frame", MAJOR_FIELDS)))
                            .toList(),
                    fields.position());
        });
    }

    private static List<Json> some(Fields fields, String field, int max) {
        return fields.required(field)
                .map(json -> fields.someItems(json, field, max))
                .orElse(List.of());
    }

    private MajorFrame major(Fields fields) {
        String name = fields.text("name", TextForm.NAME);
        fields.optional("name").ifPresent(at -> majors.add(name, at, fields.problems()));
        Set<Integer> seen = new HashSet<>();
        List<CpuPlan> plans = new ArrayList<>();
        for (Json item : some(fields, "cpus", DomainReader.MAX_HOST_CPUS)) {
            CpuPlan plan = plan(fields.open(item, "a CPU's plan", CPU_FIELDS));
            if (!seen.add(plan.cpu())) {
                fields.error(
                        FindingId.DUPLICATE,
                        item,
                        "CPU " + plan.cpu() + " has two plans in one major frame",
                        "each CPU once",
                        "put their minor frames into one plan");
            }
            plans.add(plan);
        }
        return new MajorFrame(name, plans, fields.position());
    }

    private CpuPlan plan(Fields fields) {
        return new CpuPlan(
                (int) fields.integer("cpu", 0, DomainReader.MAX_HOST_CPUS - 1L),
                some(fields, "minors", MAX_MINORS).stream()
                        .map(item -> minor(fields.open(item, "a minor frame", MINOR_FIELDS)))
                        .toList(),
                fields.position());
    }

    private MinorFrame minor(Fields fields) {
        boolean idle = fields.bool("idle", false);
        Optional<Domain> domain = Optional.empty();
        if (fields.has("domain") || !idle) {
            domain = domain(fields, idle);
        }
        return new MinorFrame(domain, fields.duration("for", SHORTEST, LONGEST), fields.position());
    }

    private Optional<Domain> domain(Fields fields, boolean idle) {
        if (!fields.has("domain")) {
            fields.missing("domain", "\"domain\", or \"idle\": true");
            return Optional.empty();
        }
        if (idle) {
            fields.optional("idle")
                    .ifPresent(at -> fields.error(
                            FindingId.WRONG_KIND,
                            at,
                            "a minor frame of a domain is not idle",
                            "either \"domain\" or \"idle\": true",
                            "remove one"));
        }
        return endpoints.requiredDomain(fields, "domain");
    }
}
