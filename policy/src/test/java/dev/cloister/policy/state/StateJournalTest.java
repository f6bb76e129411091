package dev.cloister.policy.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random histories, cut at every byte: what comes back is a prefix that was acknowledged, with no unit of a quota forgotten. */
class StateJournalTest {
    private static final int HISTORY = 60;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void cutAnywhereTheStateIsThatOfTheWholeLines(long seed) throws IOException {
        List<StateRecord> history = history(new Random(seed), HISTORY);
        StringBuilder text = new StringBuilder();
        List<Integer> ends = new ArrayList<>();
        for (StateRecord entry : history) {
            text.append(StateLine.encode(entry)).append('\n');
            ends.add(text.length());
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        for (int cut = 0; cut <= bytes.length; cut++) {
            int length = cut;
            int whole = (int) ends.stream().filter(end -> end <= length).count();
            StateJournal.Found found = StateJournal.read(java.util.Arrays.copyOf(bytes, cut), "journal");
            assertThat(found.state())
                    .as("seed %d, cut at %d", seed, cut)
                    .isEqualTo(RestoredState.of(history.subList(0, whole)));
            assertThat(found.dropped()).isEqualTo(cut - (whole == 0 ? 0 : ends.get(whole - 1)));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14, 15, 16, 17, 18})
    void compactionChangesNothingAndForgetsNoUnit(long seed) throws IOException {
        List<StateRecord> history = history(new Random(seed), HISTORY);
        RestoredState state = RestoredState.of(history);
        Path file = folder.resolve("state.journal");
        try (StateJournal journal = StateJournal.compact(file, state, 0)) {
            StateRecord more = new StateRecord.Leased("f0", 7, 1, 1);
            journal.add(more);
            journal.commit();
            List<StateRecord> all = new ArrayList<>(history);
            all.add(more);
            assertThat(StateJournal.read(file).state()).as("seed %d", seed).isEqualTo(RestoredState.of(all));
        }
        long units = history.stream()
                .mapToLong(r -> r instanceof StateRecord.Leased lease ? lease.units() : 0)
                .sum();
        assertThat(state.leases().stream().mapToLong(StateRecord.Leased::units).sum())
                .as("seed %d", seed)
                .isEqualTo(units);
    }

    @ParameterizedTest
    @ValueSource(longs = {21, 22, 23, 24})
    void aChangedByteInAWholeLineIsRefused(long seed) {
        Random random = new Random(seed);
        List<StateRecord> history = history(random, HISTORY);
        StringBuilder text = new StringBuilder();
        history.forEach(entry -> text.append(StateLine.encode(entry)).append('\n'));
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < 200; i++) {
            byte[] changed = bytes.clone();
            // The last byte ends the last line: without it that line is only incomplete.
            int at = random.nextInt(bytes.length - 1);
            changed[at] ^= (byte) (1 << random.nextInt(7));
            assertThatThrownBy(() -> StateJournal.read(changed, "journal"))
                    .as("seed %d, byte %d", seed, at)
                    .hasMessageContaining("journal is damaged in line")
                    .hasMessageContaining("move the file away");
        }
    }

    @Test
    void anEpochNeverGoesBack() {
        RestoredState state = RestoredState.of(
                List.of(new StateRecord.Opening("f", 3), new StateRecord.Live("f", 3), new StateRecord.Closed("f", 2)));
        assertThat(state.channels().get("f")).isEqualTo(new RestoredState.Opening(3, RestoredState.Stage.LIVE));
    }

    /** A start by the operator takes an earlier stop back; nothing else does. */
    @Test
    void whatIsStoppedStaysSoUntilItIsStarted() {
        StateRecord spawned = new StateRecord.Spawned("a", 5, 6, "", "", "");
        List<StateRecord> history = new ArrayList<>(List.of(
                spawned,
                new StateRecord.Runs("a"),
                new StateRecord.Stopped("a", 9),
                new StateRecord.Ended("a", 0),
                new StateRecord.Waits("a")));
        assertThat(RestoredState.of(history).orders().stopped()).containsOnlyKeys("a");
        history.add(spawned);
        assertThat(RestoredState.of(history).orders().stopped()).isEmpty();
    }

    @Test
    void anOrderlyEndKeepsOnlyWhatWasUsed() {
        RestoredState state = RestoredState.of(List.of(
                new StateRecord.Begun("d", "b", 1, 1),
                new StateRecord.Spawned("a", 5, 6, "", "", ""),
                new StateRecord.Leased("f", 8, 2, 3),
                new StateRecord.Held("f"),
                new StateRecord.Stopped("a", 9),
                new StateRecord.Follows("night"),
                new StateRecord.Finished()));
        assertThat(state.finished()).isTrue();
        assertThat(state.domains()).isEmpty();
        assertThat(state.leases()).hasSize(1);
        assertThat(state.orders()).isEqualTo(new RestoredState.Orders(Set.of(), Map.of(), Optional.empty(), false));
    }

    @Test
    void aMissingFileIsAnEmptyJournal() throws IOException {
        assertThat(StateJournal.read(folder.resolve("none")).state().begun()).isEmpty();
        assertThat(Files.exists(folder.resolve("none"))).isFalse();
    }

    private static List<StateRecord> history(Random random, int length) {
        List<StateRecord> all = new ArrayList<>();
        all.add(new StateRecord.Begun("digest", "boot", random.nextLong(), random.nextLong()));
        for (int i = 0; i < length; i++) {
            String domain = "d" + random.nextInt(3);
            String flow = "f" + random.nextInt(3);
            int epoch = random.nextInt(5);
            all.add(
                    switch (random.nextInt(17)) {
                        case 0 ->
                            new StateRecord.Spawned(domain, random.nextInt(9999), random.nextInt(9999), "k", "", "i");
                        case 1 -> new StateRecord.Runs(domain);
                        case 2 -> new StateRecord.Ended(domain, random.nextInt(256));
                        case 3 -> new StateRecord.Again(domain, random.nextInt(1000));
                        case 4 -> new StateRecord.Opening(flow, epoch);
                        case 5 -> new StateRecord.Live(flow, epoch);
                        case 6 -> new StateRecord.Closed(flow, epoch);
                        case 7 -> new StateRecord.Held(flow);
                        case 8 -> new StateRecord.Lifted(flow);
                        case 9 -> new StateRecord.Paused(domain);
                        case 10 -> new StateRecord.Exiting(domain, random.nextInt(256));
                        case 11 -> new StateRecord.Waits(domain);
                        case 12 -> new StateRecord.Stopped(domain, random.nextLong());
                        case 14 -> new StateRecord.Ending();
                        case 13 -> new StateRecord.Follows("m" + random.nextInt(3));
                        default ->
                            new StateRecord.Leased(
                                    flow, 1 + random.nextInt(100), random.nextInt(1000), random.nextInt(1000));
                    });
        }
        return all;
    }
}
