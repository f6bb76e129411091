package dev.cloister.it.attack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Resident memory of an installation's processes over time. For one thread. */
final class Residence {
    /** What garbage that is not collected yet may make a difference. */
    private static final long SLACK_KIB = 24 << 10;

    private static final int PARTS = 3;

    private final Map<String, List<Long>> kib = new LinkedHashMap<>();

    /** Takes a sample of the processes that are never started again. */
    void sample(Installation installation, Snapshot state) throws IOException {
        add("keeper", installation.keeper().pid());
        add("daemon", state.pid());
        for (Snapshot.DomainView domain : state.domains()) {
            if (!domain.name().equals("far")) {
                add(domain.name(), domain.pid());
            }
        }
    }

    private void add(String who, long pid) throws IOException {
        kib.computeIfAbsent(who, _ -> new ArrayList<>()).add(Census.residentKib(pid));
    }

    /** Whether there is enough to compare. */
    boolean tells() {
        return kib.values().stream().allMatch(samples -> samples.size() >= 2 * PARTS);
    }

    /** Holds that the last third of the time needs no more than the one before; the first is for getting warm. */
    void assertFlat() {
        kib.forEach((who, samples) -> {
            long before = median(samples, 1);
            long after = median(samples, 2);
            System.out.printf(
                    "soak, %s: resident %d KiB at first, %d in the second third, %d in the last, %d at most; %d"
                            + " samples%n",
                    who,
                    samples.getFirst(),
                    before,
                    after,
                    samples.stream().mapToLong(Long::longValue).max().orElseThrow(),
                    samples.size());
            assertThat(after)
                    .as("resident memory of %s: %s", who, samples)
                    .isLessThan(before + before / 10 + SLACK_KIB);
        });
    }

    private static long median(List<Long> samples, int part) {
        int size = samples.size() / PARTS;
        List<Long> sorted = samples.subList(part * size, (part + 1) * size).stream()
                .sorted()
                .toList();
        return sorted.get(sorted.size() / 2);
    }
}
