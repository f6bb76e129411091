package dev.cloister.policy.partition;

import dev.cloister.policy.language.PolicyLoader;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.Schedule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

/** Policies of which only the schedule matters. */
final class Schedules {
    private Schedules() {}

    /** A policy of domains {@code a}, {@code b}, {@code c} and so on with the majors of that JSON text. */
    static Policy policy(Path folder, int domains, String majors) throws Exception {
        List<String> declared = new ArrayList<>();
        for (int i = 0; i < domains; i++) {
            declared.add("""
                {id: "6f1c0e9a-2b7d-4c55-9a63-%012d", name: "%c", label: {level: "low"}, memory: "1M", cpus: 2,
                 image: {kernel: {path: "k.elf", sha256: "%s"}}}\
                """.formatted(i + 1, 'a' + i, "ab".repeat(32)));
        }
        Path file = folder.resolve("policy.json");
        Files.writeString(file, """
            {version: 1, name: "frames", lattice: {levels: ["low"]}, domains: [%s], flows: [],
             schedule: {majors: [%s]}}\
            """.formatted(String.join(", ", declared), majors));
        return PolicyLoader.load(file, LocalDate.EPOCH);
    }

    static Schedule of(Policy policy) {
        return policy.schedule().orElseThrow();
    }

    static Domain domain(Policy policy, String name) {
        return policy.domains().stream()
                .filter(d -> d.name().equals(name))
                .findFirst()
                .orElseThrow();
    }
}
