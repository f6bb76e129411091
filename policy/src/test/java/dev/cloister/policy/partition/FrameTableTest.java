package dev.cloister.policy.partition;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FrameTableTest {
    private static final long MILLI = 1_000_000;

    @TempDir
    Path folder;

    @Test
    void framesOfAllCpusAreCutWhereOneOfThemEnds() throws Exception {
        FrameTable table = table(2, """
            {name: "m", cpus: [{cpu: 0, minors: [{domain: "a", for: "10ms"}, {domain: "b", for: "5ms"}]},
                               {cpu: 3, minors: [{idle: true, for: "4ms"}, {domain: "a", for: "11ms"}]}]}\
            """);
        FrameTable.Major major = table.majors().getFirst();
        assertThat(major.nanos()).isEqualTo(15 * MILLI);
        assertThat(major.slots()).extracting(FrameTable.Slot::at).containsExactly(0L, 4 * MILLI, 10 * MILLI);
        assertThat(major.slots().stream().map(slot -> text(slot)).toList())
                .containsExactly("{0={0}}", "{0={0, 3}}", "{0={3}, 1={0}}");
        assertThat(major.slots().get(1).begins())
                .extracting(FrameTable.Frame::cpu)
                .containsExactly(3);
    }

    /** Against the slow, literal reading: at every moment a CPU belongs to whoever the plan says. */
    @Test
    void everyMomentBelongsToWhomThePlanSays() throws Exception {
        for (int seed = 0; seed < 40; seed++) {
            Random random = new Random(seed);
            int[][] plans = new int[1 + random.nextInt(2)][12];
            StringBuilder text = new StringBuilder("{name: \"m\", cpus: [");
            for (int cpu = 0; cpu < plans.length; cpu++) {
                text.append("{cpu: ").append(cpu).append(", minors: [");
                for (int at = 0; at < 12; ) {
                    int length = Math.min(12 - at, 1 + random.nextInt(5));
                    int who = random.nextInt(4) - 1;
                    Arrays.fill(plans[cpu], at, at + length, who);
                    text.append(who < 0 ? "{idle: true" : "{domain: \"" + (char) ('a' + who) + "\"")
                            .append(", for: \"")
                            .append(length)
                            .append("ms\"}, ");
                    at += length;
                }
                text.append("]}, ");
            }
            String json = text.append("]}").toString().replace(", ]", "]");
            String everybody = ", {name: \"rest\", cpus: [{cpu: 0, minors: [{domain: \"a\", for: \"1ms\"}, "
                    + "{domain: \"b\", for: \"1ms\"}, {domain: \"c\", for: \"1ms\"}]}]}";
            FrameTable.Major major = table(3, json + everybody).majors().getFirst();
            for (int milli = 0; milli < 12; milli++) {
                FrameTable.Slot slot = slot(major.slots(), milli * MILLI);
                for (int cpu = 0; cpu < plans.length; cpu++) {
                    for (int who = 0; who < 3; who++) {
                        boolean runs = slot.running()
                                .getOrDefault(id(who), new BitSet())
                                .get(cpu);
                        assertThat(runs)
                                .as("seed %d, %d ms, CPU %d, domain %d of %s", seed, milli, cpu, who, json)
                                .isEqualTo(plans[cpu][milli] == who);
                    }
                }
            }
        }
    }

    private static FrameTable.Slot slot(List<FrameTable.Slot> slots, long at) {
        return slots.stream()
                .filter(slot -> slot.at() <= at && at < slot.at() + slot.nanos())
                .findFirst()
                .orElseThrow();
    }

    /** The ids of {@link Schedules} count from 1. */
    private static UUID id(int domain) {
        return UUID.fromString("6f1c0e9a-2b7d-4c55-9a63-%012d".formatted(domain + 1));
    }

    private static String text(FrameTable.Slot slot) {
        Map<Integer, BitSet> byIndex = new TreeMap<>();
        slot.running().forEach((id, cpus) -> byIndex.put((int) id.getLeastSignificantBits() % 16 - 1, cpus));
        return byIndex.toString();
    }

    private FrameTable table(int domains, String majors) throws Exception {
        return FrameTable.of(Schedules.of(Schedules.policy(folder, domains, majors)));
    }
}
