package dev.cloister.policy.decision;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.history.History;
import dev.cloister.policy.language.Samples;
import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.Policy;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DecisionCoreTest {
    private static final Path SOURCES = Path.of("src/main/java/dev/cloister/policy");

    @Test
    void theCoreStaysUnderFiveHundredLinesAndUsesNothingElse() throws Exception {
        List<Path> files = new ArrayList<>();
        try (Stream<Path> list = Files.list(SOURCES.resolve("decision"))) {
            list.filter(file -> file.toString().endsWith(".java")).forEach(files::add);
        }
        files.add(SOURCES.resolve("model/Mediation.java"));
        assertThat(files).hasSizeGreaterThan(5);
        int lines = 0;
        for (Path file : files) {
            for (String line : Files.readAllLines(file)) {
                lines++;
                if (line.startsWith("import ") && !file.endsWith("package-info.java")) {
                    assertThat(line)
                            .as(file.toString())
                            .matches("import (java\\.util\\.|dev\\.cloister\\.policy\\.).*");
                }
                assertThat(line).doesNotContain("System.", "java.io", "java.nio", "java.time");
            }
        }
        assertThat(lines).as("lines of the decision core").isLessThan(500);
    }

    @Test
    void everyReasonFitsThePackedForm() {
        assertThat(Reason.values().length).isLessThanOrEqualTo(64);
        assertThat(Gate.values())
                .containsExactly(
                        Gate.DECLARED,
                        Gate.LABELS,
                        Gate.TYPES,
                        Gate.CONFLICTS,
                        Gate.TIME_WINDOW,
                        Gate.RATE,
                        Gate.MEASUREMENT);
    }

    @Test
    void grantsWhatIsDeclaredAndRefusesTheReverse() throws Exception {
        Policy policy = Samples.parse(Samples.VALID);
        Decision forward = decide(policy, "guard", "command", FlowKind.MEMORY);
        assertThat(forward.granted()).isTrue();
        assertThat(forward.flow().orElseThrow().name()).isEqualTo("checked");
        assertThat(forward.reason(Gate.TYPES)).isEqualTo(Reason.UNRESTRICTED);
        Decision back = decide(policy, "command", "sensor", FlowKind.MEMORY);
        assertThat(back.granted()).isFalse();
        assertThat(back.flow()).isEmpty();
        assertThat(back.reason(Gate.DECLARED)).isEqualTo(Reason.FLOW_NOT_DECLARED);
        assertThat(back.reason(Gate.LABELS)).isEqualTo(Reason.LABELS_FORBID);
        assertThat(back.reason(Gate.MEASUREMENT)).isEqualTo(Reason.MEASURED);
    }

    @Test
    void aNamedFlowMustJoinTheseEnds() throws Exception {
        Policy policy = Samples.parse(Samples.VALID);
        int[] ends = Samples.ends(policy, "guard", "command");
        int bell = policy.flow("bell").orElseThrow().index();
        Measurements stated = Measurements.asStated(policy);
        Request right = new Request.Open(ends[0], ends[1], FlowKind.EVENT, bell, Request.BY_DAEMON, stated, -1, 0);
        Request kind = new Request.Open(ends[0], ends[1], FlowKind.MEMORY, bell, Request.BY_DAEMON, stated, -1, 0);
        Request direction = new Request.Open(ends[1], ends[0], FlowKind.EVENT, bell, Request.BY_DAEMON, stated, -1, 0);
        assertThat(granted(policy, right)).isTrue();
        assertThat(granted(policy, kind)).isFalse();
        assertThat(granted(policy, direction)).isFalse();
    }

    @Test
    void whatIsNotMeasuredDoesNotStart() throws Exception {
        Policy policy = Samples.parse(Samples.VALID);
        Domain domain = policy.domain("command").orElseThrow();
        int command = domain.index();
        Measurements right = measured(domain, Samples.DIGEST, Samples.DIGEST);
        assertThat(granted(policy, new Request.Start(command, right, -1, 0))).isTrue();
        assertThat(granted(policy, new Request.Start(command, Measurements.none(), -1, 0)))
                .isFalse();
        for (Measurements wrong : List.of(
                measured(domain, Samples.DIGEST, ""),
                measured(domain, Samples.DIGEST, "cd".repeat(32)),
                measured(domain, "cd".repeat(32), Samples.DIGEST))) {
            assertThat(granted(policy, new Request.Start(command, wrong, -1, 0)))
                    .isFalse();
        }
    }

    @Test
    void aBucketRefillsByIntegerArithmetic() throws Exception {
        Policy policy = Samples.parse(Samples.VALID);
        int bell = policy.flow("bell").orElseThrow().index();
        History history = new History(policy, -5);
        long start = -5; // a monotonic clock may begin anywhere
        assertThat(use(policy, history, bell, 101, start)).isFalse();
        assertThat(use(policy, history, bell, 100, start)).isTrue();
        assertThat(use(policy, history, bell, 1, start)).isFalse();
        assertThat(use(policy, history, bell, 1, start + 999_999)).isFalse();
        assertThat(use(policy, history, bell, 1, start + 1_000_000)).isTrue();
        assertThat(use(policy, history, bell, 1, start))
                .as("a clock that steps back credits nothing")
                .isFalse();
        assertThat(use(policy, history, bell, 100, Long.MAX_VALUE / 2)).isTrue();
        assertThat(use(policy, history, bell, Long.MAX_VALUE, Long.MAX_VALUE / 2))
                .isFalse();
        int unlimited = policy.flow("orders").orElseThrow().index();
        assertThat(use(policy, history, unlimited, Long.MAX_VALUE, 0)).isTrue();
    }

    @Test
    void aDomainThatAsksTooOftenIsRefused() throws Exception {
        Policy policy = Samples.parse(Samples.VALID);
        int[] ends = Samples.ends(policy, "command", "sensor");
        History history = new History(policy, 0);
        Request ask = new Request.Open(
                ends[0], ends[1], FlowKind.MEMORY, Request.ANY_FLOW, ends[0], Measurements.asStated(policy), -1, 0);
        for (int i = 0; i < policy.requestRate().burst(); i++) {
            Decision decision = DecisionCore.decide(policy, history, ask);
            assertThat(decision.reason(Gate.RATE)).isEqualTo(Reason.NOT_APPLICABLE);
            DecisionCore.record(policy, history, ask, decision.packed());
        }
        assertThat(DecisionCore.decide(policy, history, ask).reason(Gate.RATE)).isEqualTo(Reason.REQUEST_RATE_EXCEEDED);
    }

    @Test
    void evaluatingAllocatesNothing() throws Exception {
        Policy policy = Samples.parse(Samples.VALID);
        History history = new History(policy, 0);
        int[] ends = Samples.ends(policy, "guard", "command");
        Request request = new Request.Open(
                ends[0], ends[1], FlowKind.EVENT, Request.ANY_FLOW, ends[0], Measurements.asStated(policy), -1, 7);
        long sum = 0;
        for (int i = 0; i < 20_000; i++) {
            sum += evaluate(policy, history, request);
        }
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        threads.getCurrentThreadAllocatedBytes();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 100_000; i++) {
            sum += evaluate(policy, history, request);
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(sum).isNotZero();
        assertThat(allocated).as("bytes for 100,000 decisions").isLessThan(10_000);
    }

    private static long evaluate(Policy policy, History history, Request request) {
        long packed = DecisionCore.evaluate(policy, history, request);
        DecisionCore.record(policy, history, request, packed);
        return packed;
    }

    private static boolean use(Policy policy, History history, int flow, long units, long nanos) {
        Request request = new Request.Use(flow, units, -1, nanos);
        long packed = DecisionCore.evaluate(policy, history, request);
        DecisionCore.record(policy, history, request, packed);
        return DecisionCore.granted(packed);
    }

    private static boolean granted(Policy policy, Request request) {
        return DecisionCore.decide(policy, new History(policy, 0), request).granted();
    }

    private static Measurements measured(Domain domain, String kernel, String initrd) {
        return Measurements.none().with(domain, kernel, "", initrd);
    }

    private static Decision decide(Policy policy, String from, String to, FlowKind kind) {
        int[] ends = Samples.ends(policy, from, to);
        Request request = new Request.Open(
                ends[0], ends[1], kind, Request.ANY_FLOW, Request.BY_DAEMON, Measurements.asStated(policy), -1, 0);
        return DecisionCore.decide(policy, new History(policy, 0), request);
    }
}
