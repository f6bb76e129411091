package dev.cloister.it.bench;

import com.sun.management.ThreadMXBean;
import dev.cloister.policy.analysis.PolicyCheck;
import dev.cloister.policy.decision.DecisionCore;
import dev.cloister.policy.decision.Measurements;
import dev.cloister.policy.decision.Request;
import dev.cloister.policy.explain.Why;
import dev.cloister.policy.history.History;
import dev.cloister.policy.language.PolicyLoader;
import dev.cloister.policy.model.Policy;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A policy of 10,000 domains and 100,000 flows: decisions against policy engines that decide on the same flows and labels, and
 * load, check and why, each in a JVM of its own that has done nothing before.
 */
final class PolicyBench {
    private static final long SEED = 1;
    private static final int DOMAINS = 10_000;
    private static final int FLOWS = 100_000;
    private static final int ROUNDS = 5;
    private static final int QUESTIONS = 100_000;
    private static final int PASSES = 20;
    private static final int CASBIN_QUESTIONS = 20;
    private static final int CEDAR_QUESTIONS = 2_000;
    private static final int WHYS = 20;
    private static final double MILLI = 1e6;
    private static final double SECOND = 1e9;

    private PolicyBench() {}

    static void run(PrintStream out, Path scratch) throws Exception {
        Path file = scratch.resolve("big-policy.json");
        Files.writeString(file, BigPolicy.text(SEED, DOMAINS, FLOWS));
        Policy policy = PolicyLoader.parse(file);
        out.printf(
                Locale.ROOT,
                "policy of %,d domains, %,d flows, %.1f MB%n",
                policy.domains().size(),
                policy.flows().size(),
                Files.size(file) / 1e6);
        decisions(out, PolicyRequests.of(policy, QUESTIONS), scratch);
        phases(out, file);
    }

    private static void decisions(PrintStream out, PolicyRequests requests, Path scratch) throws Exception {
        Decider ours = new Decider(requests);
        CasbinPeer casbin = new CasbinPeer(requests);
        double[] mine = new double[ROUNDS];
        double[] theirs = new double[ROUNDS];
        for (int round = -1; round < ROUNDS; round++) {
            double a = ours.round();
            double b = casbin.decide(requests, CASBIN_QUESTIONS);
            if (round >= 0) {
                mine[round] = a;
                theirs[round] = b;
            }
        }
        Optional<double[]> cedar = CedarPeer.run(requests, CEDAR_QUESTIONS, ROUNDS, scratch);
        out.println(Samples.header("one decision"));
        out.println(new Samples(mine).row("cloister, seven gates", "ns"));
        out.println(new Samples(theirs).row("jCasbin, declared flows", "ns"));
        cedar.ifPresentOrElse(
                figures -> out.println(new Samples(figures).row("Cedar (wasm), flows and labels", "ns")),
                () -> out.println("  Cedar: skipped, it needs node, npm and its package"));
        out.printf(
                Locale.ROOT,
                "  cloister: %,.0f decisions/s, %.3f bytes allocated per decision%n",
                SECOND / new Samples(mine).median(),
                ours.bytesPerDecision());
        out.printf(Locale.ROOT, "  ratio cloister/jCasbin %36.7f%n", Samples.ratio(mine, theirs));
        cedar.ifPresent(
                figures -> out.printf(Locale.ROOT, "  ratio cloister/Cedar %38.7f%n", Samples.ratio(mine, figures)));
        out.println();
    }

    /** Our own contender, on one thread. */
    private static final class Decider {
        private final Policy policy;
        private final PolicyRequests requests;
        private final History history;
        private final Request[] asked;
        private double bytes;

        Decider(PolicyRequests requests) {
            this.requests = requests;
            policy = requests.policy();
            history = new History(policy, 0);
            Measurements measured = Measurements.asStated(policy);
            asked = requests.questions().stream()
                    .map(question -> new Request.Open(
                            question.from().index(),
                            question.to().index(),
                            question.kind(),
                            Request.ANY_FLOW,
                            Request.BY_DAEMON,
                            measured,
                            -1L,
                            0))
                    .toArray(Request[]::new);
        }

        /** Decides on every question several times; returns nanoseconds per decision. */
        double round() {
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long before = threads.getCurrentThreadAllocatedBytes();
            long start = System.nanoTime();
            for (int pass = 0; pass < PASSES; pass++) {
                pass();
            }
            double nanos = (System.nanoTime() - start) / (double) (PASSES * asked.length);
            bytes = (threads.getCurrentThreadAllocatedBytes() - before) / (double) (PASSES * asked.length);
            return nanos;
        }

        private void pass() {
            for (int i = 0; i < asked.length; i++) {
                boolean granted = DecisionCore.granted(DecisionCore.evaluate(policy, history, asked[i]));
                // Types and conflicts may refuse what is declared; never the other way round.
                if (granted && !requests.questions().get(i).declared()) {
                    throw new IllegalStateException(
                            "granted: " + requests.questions().get(i));
                }
            }
        }

        /** Returns what the last round allocated. */
        double bytesPerDecision() {
            return bytes;
        }
    }

    private static void phases(PrintStream out, Path file) throws IOException, InterruptedException {
        double[][] figures = new double[3][ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            double[] phase = Arrays.stream(NativePeer.output(List.of(
                                    ProcessHandle.current().info().command().orElse("java"),
                                    "-XX:+UseSerialGC",
                                    "-cp",
                                    System.getProperty("java.class.path"),
                                    PolicyBench.class.getName(),
                                    file.toString()))
                            .split(" "))
                    .mapToDouble(Double::parseDouble)
                    .toArray();
            for (int i = 0; i < phase.length; i++) {
                figures[i][round] = phase[i];
            }
        }
        out.println(Samples.header("in a new JVM"));
        out.println(new Samples(figures[0]).row("load", "ms"));
        out.println(new Samples(figures[1]).row("check, all analyses", "ms"));
        out.println(new Samples(figures[2]).row("why, slowest of " + WHYS + " pairs", "ms"));
        out.println();
    }

    /** Measures load, check and why once; prints milliseconds of each. */
    public static void main(String[] args) throws Exception {
        long start = System.nanoTime();
        Policy policy = PolicyLoader.parse(Path.of(args[0]));
        long loaded = System.nanoTime();
        PolicyCheck.Report report = PolicyCheck.check(policy);
        long checked = System.nanoTime();
        if (!report.passed()) {
            throw new IllegalStateException(
                    "the policy has errors: " + report.findings().getFirst());
        }
        List<Double> whys = new ArrayList<>();
        for (PolicyRequests.Question question : PolicyRequests.of(policy, WHYS).questions()) {
            long began = System.nanoTime();
            Why.explain(policy, question.from(), question.to(), Optional.empty())
                    .text();
            whys.add((System.nanoTime() - began) / MILLI);
        }
        System.out.printf(
                Locale.ROOT,
                "%.1f %.1f %.1f%n",
                (loaded - start) / MILLI,
                (checked - loaded) / MILLI,
                whys.stream().mapToDouble(Double::doubleValue).max().orElse(0));
    }
}
