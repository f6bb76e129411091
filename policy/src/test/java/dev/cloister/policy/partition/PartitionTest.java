package dev.cloister.policy.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cloister.linux.Scheduling;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.protocol.ScheduleView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Real processes that take all the time they get, under every mechanism that this host has. */
class PartitionTest {
    private static final String SPIN = "while :; do :; done";
    /** Several processes, one of which wakes the others up all the time. */
    private static final String RESIST =
            "trap '' TERM INT HUP; p=$$; (while :; do kill -CONT $p; done) & (while :; do :; done) & " + SPIN;

    private static final long MILLI = 1_000_000;
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String TURNS = """
        {name: "day", cpus: [{cpu: 0, minors: [{domain: "a", for: "6ms"}, {domain: "b", for: "2ms"}, {idle: true, for: "2ms"}]}]},
        {name: "night", cpus: [{cpu: 0, minors: [{domain: "b", for: "10ms"}]}]}\
        """;

    @TempDir
    Path folder;

    private final List<Process> processes = new ArrayList<>();
    private final List<Partition> partitions = new ArrayList<>();

    @AfterEach
    void end() throws InterruptedException {
        for (Process process : processes) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        partitions.forEach(Partition::close);
        for (Process process : processes) {
            assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        }
        partitions.forEach(Partition::close);
    }

    static Stream<StopperFactory> mechanisms() {
        return HostMechanisms.available().stream();
    }

    static Stream<StopperFactory> enforced() {
        List<StopperFactory> all = HostMechanisms.available().stream()
                .filter(StopperFactory::enforced)
                .toList();
        if (all.isEmpty()) {
            System.out.println(
                    "no freezer: this process may make no groups in the hierarchy of cgroup v2 or the v1 freezer");
        }
        // One that isn't is skipped by the test, so that the report shows it.
        return all.isEmpty() ? mechanisms() : all.stream();
    }

    @ParameterizedTest
    @MethodSource("mechanisms")
    void aDomainGetsItsFramesAndNoMore(StopperFactory stoppers) throws Exception {
        Policy policy = Schedules.policy(folder, 2, TURNS);
        RecordingStoppers recorded = new RecordingStoppers(stoppers);
        Partition partition = start(policy, recorded);
        long a = enroll(partition, policy, "a", SPIN);
        long b = enroll(partition, policy, "b", SPIN);
        awaitCycles(partition, 5);
        long usedA = cpu(a);
        long usedB = cpu(b);
        long since = Scheduling.now();
        awaitCycles(partition, partition.view().cycles() + 60);
        double elapsed = Scheduling.now() - since;
        double shareA = (cpu(a) - usedA) / elapsed;
        double shareB = (cpu(b) - usedB) / elapsed;
        String words = stoppers.mechanism() + ": a " + shareA + ", b " + shareB + ", " + partition.view();
        System.out.printf(
                "%s: a has %.3f of a CPU (frames 0.6), b %.3f (0.2)%n%s%n",
                stoppers.mechanism(), shareA, shareB, partition.view());
        // A frame that begins late ends on time; one that ends late ends by what the mechanism needs. Signals need a
        // time slice.
        double slack = stoppers.enforced() ? 0.05 : 0.45;
        assertThat(shareA).as(words).isPositive().isLessThan(0.6 + slack);
        assertThat(shareB).as(words).isPositive().isLessThan(0.2 + slack);
        apart(recorded.runs());
    }

    /** No two spans on one CPU overlap. */
    private static void apart(List<RecordingStoppers.Run> runs) {
        assertThat(runs).hasSizeGreaterThan(20);
        for (int i = 1; i < runs.size(); i++) {
            RecordingStoppers.Run before = runs.get(i - 1);
            RecordingStoppers.Run next = runs.get(i);
            assertThat(before.domain().equals(next.domain()) || before.to() <= next.from())
                    .as("%s and %s", before, next)
                    .isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("enforced")
    void whoResistsStandsAllTheSame(StopperFactory stoppers) throws Exception {
        assumeTrue(stoppers.enforced(), "no freezer here; the reason is printed above");
        Policy policy = Schedules.policy(folder, 2, TURNS);
        Partition partition = start(policy, stoppers);
        long pid = enroll(partition, policy, "b", RESIST);
        awaitCycles(partition, 5);
        long used = family(pid);
        long since = Scheduling.now();
        awaitCycles(partition, partition.view().cycles() + 60);
        double share = (family(pid) - used) / (double) (Scheduling.now() - since);
        System.out.printf(
                "%s: three processes that wake each other have %.3f of a CPU (frame 0.2)%n",
                stoppers.mechanism(), share);
        assertThat(share)
                .as("%s, %s", stoppers.mechanism(), partition.view())
                .isPositive()
                .isLessThan(0.25);
    }

    @ParameterizedTest
    @MethodSource("mechanisms")
    void anotherMajorFrameFollowsAtTheEndOfTheOneThatRuns(StopperFactory stoppers) throws Exception {
        Policy policy = Schedules.policy(folder, 2, TURNS);
        Partition partition = start(policy, stoppers);
        long a = enroll(partition, policy, "a", SPIN);
        enroll(partition, policy, "b", SPIN);
        awaitCycles(partition, 3);
        assertThat(partition.use("weekend")).isEmpty();
        assertThat(partition.use("night")).contains("day");
        awaitCycles(partition, partition.view().cycles() + 2);
        assertThat(partition.view().major()).isEqualTo("night");
        long used = cpu(a);
        long starts = starts(partition, "night");
        awaitCycles(partition, partition.view().cycles() + 10);
        assertThat(cpu(a) - used).as("a has no frame at night").isLessThan(MILLI);
        assertThat(starts(partition, "night")).isGreaterThan(starts);
    }

    @ParameterizedTest
    @MethodSource("enforced")
    void anotherScheduleFollowsAndKeepsWhoIsEnrolled(StopperFactory stoppers) throws Exception {
        assumeTrue(stoppers.enforced(), "no freezer here; the reason is printed above");
        Policy policy = Schedules.policy(folder, 2, TURNS);
        Partition partition = start(policy, stoppers);
        long a = enroll(partition, policy, "a", SPIN);
        awaitCycles(partition, 3);
        Policy next = Schedules.policy(folder, 3, """
            {name: "night", cpus: [{cpu: 0, minors: [{domain: "b", for: "4ms"}, {domain: "c", for: "4ms"}]}]},
            {name: "day", cpus: [{cpu: 1, minors: [{domain: "c", for: "8ms"}, {domain: "a", for: "2ms"}]}]}\
            """);
        partition.change(Schedules.of(next));
        awaitCycles(partition, partition.view().cycles() + 2);
        ScheduleView view = partition.view();
        assertThat(view.major()).isEqualTo("day");
        assertThat(view.frames()).extracting(ScheduleView.FrameView::domain).contains("c");
        await(() -> starts(partition, "day") > 10);
        long used = cpu(a);
        partition.use("night");
        awaitCycles(partition, partition.view().cycles() + 2);
        long after = cpu(a);
        assertThat(after).isGreaterThanOrEqualTo(used);
        awaitCycles(partition, partition.view().cycles() + 10);
        assertThat(cpu(a) - after).as("a has no frame at night").isLessThan(MILLI);
    }

    @ParameterizedTest
    @MethodSource("mechanisms")
    void whatIsKilledWhileItStandsDies(StopperFactory stoppers) throws Exception {
        Policy policy = Schedules.policy(folder, 2, """
            {name: "m", cpus: [{cpu: 0, minors: [{domain: "a", for: "1ms"}, {domain: "b", for: "1m"}]}]}\
            """);
        Partition partition = start(policy, stoppers);
        Process process = spin(SPIN);
        Partition.Enrolment place = partition.enroll(Schedules.domain(policy, "a"), process.pid(), () -> {});
        process.destroyForcibly();
        place.letDie();
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        place.close();
    }

    @ParameterizedTest
    @MethodSource("mechanisms")
    void whatIsLetGoRunsFreely(StopperFactory stoppers) throws Exception {
        Policy policy = Schedules.policy(folder, 2, """
            {name: "m", cpus: [{cpu: 0, minors: [{domain: "b", for: "1m"}, {domain: "a", for: "1ms"}]}]}\
            """);
        Partition partition = start(policy, stoppers);
        long pid = enroll(partition, policy, "a", SPIN);
        partition.close();
        long used = cpu(pid);
        await(() -> cpu(pid) > used + 5 * MILLI);
    }

    @ParameterizedTest
    @MethodSource("mechanisms")
    void whatIsGoneCannotBeEnrolled(StopperFactory stoppers) throws Exception {
        Policy policy = Schedules.policy(folder, 2, TURNS);
        Partition partition = start(policy, stoppers);
        Process process = spin("exit 0");
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThatThrownBy(() -> partition.enroll(Schedules.domain(policy, "a"), process.pid(), () -> {}))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("pid " + process.pid());
    }

    @Test
    void aDomainThatCannotBeStoppedIsReported() throws Exception {
        Policy policy = Schedules.policy(folder, 2, TURNS);
        List<String> lost = new ArrayList<>();
        StopperFactory broken = new BrokenStoppers();
        Partition partition = start(policy, broken);
        partition.enroll(Schedules.domain(policy, "a"), 1, () -> {
            synchronized (lost) {
                lost.add("a");
                lost.notifyAll();
            }
        });
        synchronized (lost) {
            long limit = System.nanoTime() + PATIENCE.toNanos();
            while (lost.isEmpty() && System.nanoTime() < limit) {
                lost.wait(1000);
            }
            assertThat(lost).containsExactly("a");
        }
    }

    private Partition start(Policy policy, StopperFactory stoppers) {
        Partition partition = Partition.start(Schedules.of(policy), "", stoppers);
        partitions.add(partition);
        return partition;
    }

    private Process spin(String script) throws IOException {
        Process process = new ProcessBuilder("/bin/sh", "-c", script).start();
        processes.add(process);
        return process;
    }

    private long enroll(Partition partition, Policy policy, String domain, String script) throws IOException {
        Process process = spin(script);
        partition.enroll(Schedules.domain(policy, domain), process.pid(), () -> {});
        return process.pid();
    }

    private static long starts(Partition partition, String major) {
        return partition.view().frames().stream()
                .filter(frame -> frame.major().equals(major))
                .mapToLong(ScheduleView.FrameView::starts)
                .sum();
    }

    /** CPU time of a process in nanoseconds, proc_pid_schedstat of the kernel's scheduler documentation. */
    private static long cpu(long pid) {
        try {
            return Long.parseLong(Files.readString(Path.of("/proc", Long.toString(pid), "schedstat"))
                    .split(" ")[0]);
        } catch (IOException e) {
            throw new AssertionError("pid " + pid, e);
        }
    }

    private static long family(long pid) {
        return cpu(pid)
                + ProcessHandle.of(pid)
                        .orElseThrow()
                        .descendants()
                        .mapToLong(child -> cpu(child.pid()))
                        .sum();
    }

    private static void awaitCycles(Partition partition, long cycles) {
        await(() -> partition.view().cycles() >= cycles);
    }

    private static void await(java.util.function.BooleanSupplier condition) {
        long limit = Scheduling.now() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(Scheduling.now()).as("still waiting").isLessThan(limit);
            Scheduling.sleepUntil(Scheduling.now() + MILLI);
        }
    }
}
