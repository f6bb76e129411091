package dev.cloister.cli.policy;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.CommandLines;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.testgen.Judge;
import dev.cloister.cli.testgen.Suite;
import dev.cloister.cli.testgen.SuiteFolder;
import dev.cloister.cli.testgen.Testgen;
import dev.cloister.cli.testgen.Verdicts;
import dev.cloister.cli.up.UpCommand;
import dev.cloister.policy.model.Engine;
import dev.cloister.policy.model.Policy;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cloister policy testgen}. */
@Command(
        name = "testgen",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Makes connectivity tests from a policy and runs them on the real system: a probe guest in every "
                + "domain sends over each declared flow and asks, both ways, for channels that are not declared.",
        footer = {
            "",
            "What is expected is computed by the decision core; what is seen is what the",
            "probes say on their serial lines. Exits 0 if all is as expected, 1 if not.",
            "",
            "Examples:",
            "  cloister policy testgen policy.json --out tests",
            "  cloister policy testgen policy.json --out tests --run",
            "  cloister policy testgen --run tests",
        })
final class TestgenCommand implements Callable<Integer> {
    private static final int DOMAINS_AT_ONCE = 24;
    private static final int PAIRS = 1000;
    private static final String TIMEOUT = "10m";

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "FILE", description = "the policy; with --run alone, the tests' folder")
    private Path file;

    @Option(names = "--out", paramLabel = "DIR", description = "where to write the tests")
    private Path out;

    @Option(names = "--run", description = "run the tests on this host and judge")
    private boolean run;

    @Option(
            names = "--batch",
            paramLabel = "N",
            description = "most domains that run at once (default: " + DOMAINS_AT_ONCE + ")")
    private int batch = DOMAINS_AT_ONCE;

    @Option(
            names = "--sample",
            paramLabel = "N",
            description = "most ordered pairs that are tested, those with a flow first (default: " + PAIRS + ")")
    private int sample = PAIRS;

    @Option(names = "--seed", paramLabel = "N", description = "chooses the sample (default: 1)")
    private long seed = 1;

    @Option(
            names = "--all-kinds",
            description = "ask for memory, event and stream between every pair, not for one of them by turns")
    private boolean allKinds;

    @Option(
            names = "--engine",
            paramLabel = "ENGINE",
            description = "what executes the tests' guests: auto, direct or emulated (default: auto)")
    private Engine engine = Engine.AUTO;

    @Option(names = "--json", description = "print the judgement as JSON")
    private boolean json;

    @Override
    public Integer call() throws CommandFailure, IOException {
        if (batch < 2 || sample < 1) {
            throw new ParameterException(spec.commandLine(), "--batch is at least 2, --sample at least 1");
        }
        if (out != null) {
            generate();
        } else if (!run) {
            throw new ParameterException(spec.commandLine(), "--out DIR, or --run with the folder of tests");
        }
        return run ? judge(new SuiteFolder(out == null ? file : out)) : ExitCodes.OK;
    }

    private void generate() throws CommandFailure, IOException {
        Policy policy = PolicyFile.load(file);
        Suite suite = Testgen.plan(policy, new Testgen.Extent(batch, sample, seed, allKinds));
        new SuiteFolder(out).write(file, suite);
        if (!json) {
            PrintWriter print = spec.commandLine().getOut();
            print.println(out + ": " + suite.checks().size() + " checks in "
                    + suite.batches().size() + (suite.batches().size() == 1 ? " batch; " : " batches; ")
                    + suite.coverage().text());
            print.println("run them: cloister policy testgen --run " + out);
        }
    }

    private int judge(SuiteFolder folder) throws CommandFailure, IOException {
        Suite suite = read(folder);
        Optional<Instant> until = suite.validUntil().filter(Instant.now()::isAfter);
        if (until.isPresent()) {
            throw new CommandFailure(
                    ExitCodes.BAD_INPUT,
                    "a time window of the policy has changed since these tests were made, at " + until.get()
                            + ": make them again with --out");
        }
        List<Judge.Finding> findings = new ArrayList<>();
        for (int i = 0; i < suite.batches().size(); i++) {
            findings.addAll(
                    Judge.judge(suite, i, boot(folder.policy(suite.batches().get(i)))));
        }
        Verdicts verdicts = new Verdicts(suite, findings);
        PrintWriter print = spec.commandLine().getOut();
        if (json) {
            print.println(verdicts.json());
        } else {
            verdicts.print(print);
        }
        return verdicts.passed() ? ExitCodes.OK : ExitCodes.FOUND;
    }

    private static Suite read(SuiteFolder folder) throws CommandFailure {
        try {
            return folder.read();
        } catch (IOException e) {
            throw new CommandFailure(
                    ExitCodes.BAD_INPUT,
                    "can't read the tests: " + e.getMessage() + "; make them with --out, or name their folder",
                    e);
        }
    }

    /** Runs one policy as {@code cloister up} does, with a state folder of its own; returns what it printed. */
    private String boot(Path policy) throws CommandFailure, IOException {
        Path state = Files.createTempDirectory("cloister-testgen");
        StringWriter printed = new StringWriter();
        try (PrintWriter writer = new PrintWriter(printed)) {
            CommandLine up = CommandLines.of(new UpCommand());
            up.setOut(writer);
            int code = up.execute(
                    policy.toString(),
                    "--state",
                    state.toString(),
                    "--timeout",
                    TIMEOUT,
                    "--engine",
                    engine.jsonName());
            if (code == ExitCodes.BAD_INPUT || code == ExitCodes.HOST) {
                throw new CommandFailure(code, "the tests could not be run: " + policy);
            }
        } finally {
            delete(state);
        }
        return printed.toString();
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(each);
            }
        }
    }
}
