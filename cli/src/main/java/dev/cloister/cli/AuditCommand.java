package dev.cloister.cli;

import dev.cloister.policy.audit.AuditEvent;
import dev.cloister.policy.audit.AuditReader;
import dev.cloister.policy.audit.AuditRecord;
import dev.cloister.policy.audit.AuditVerification;
import dev.cloister.policy.audit.AuditVerifier;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cloister audit}: reads and proves the audit log. */
@Command(
        name = "audit",
        mixinStandardHelpOptions = true,
        description = "Shows and verifies the hash-chained audit log.",
        subcommands = {AuditCommand.Tail.class, AuditCommand.Verify.class},
        footer = {"", "Examples:", "  cloister audit tail --follow", "  cloister audit verify"})
final class AuditCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which audit command? See cloister audit --help");
    }

    /** Which log: named, or the only one in the state folder. */
    private static final class Log {
        @Mixin
        private StateOption state;

        @Parameters(
                index = "0",
                arity = "0..1",
                paramLabel = "LOG",
                description = "an audit log, or the name of a policy that ran (default: the only one there is)")
        private String log;

        Path path() throws CommandFailure, IOException {
            if (log != null) {
                Path file = Path.of(log);
                Path byName = state.of(log).resolve(StateOption.AUDIT_LOG);
                if (Files.isRegularFile(file) || !Files.isRegularFile(byName)) {
                    return existing(file);
                }
                return byName;
            }
            List<Path> all = state.having(StateOption.AUDIT_LOG);
            if (all.size() == 1) {
                return all.getFirst().resolve(StateOption.AUDIT_LOG);
            }
            String which = all.isEmpty()
                    ? "there is no audit log under " + state.root() + "; name a file"
                    : "several policies have logs: name one of "
                            + String.join(
                                    ", ",
                                    all.stream()
                                            .map(p -> p.getFileName().toString())
                                            .toList());
            throw new CommandFailure(ExitCodes.BAD_INPUT, which);
        }

        private static Path existing(Path file) throws CommandFailure {
            if (!Files.isRegularFile(file)) {
                throw new CommandFailure(ExitCodes.BAD_INPUT, "no audit log at " + file);
            }
            return file;
        }
    }

    /** {@code cloister audit tail}. */
    @Command(
            name = "tail",
            mixinStandardHelpOptions = true,
            description = "Prints the newest records of an audit log.",
            footer = {
                "",
                "Examples:",
                "  cloister audit tail",
                "  cloister audit tail quickstart -n 50 --follow",
            })
    static final class Tail implements Callable<Integer> {
        private static final Duration WAIT = Duration.ofSeconds(1);

        @Spec
        private CommandSpec spec;

        @Mixin
        private Log log;

        @Option(names = "-n", paramLabel = "N", description = "how many records (default: ${DEFAULT-VALUE})")
        private int count = 20;

        @Option(
                names = {"-f", "--follow"},
                description = "go on printing records as they are written")
        private boolean follow;

        @Option(names = "--json", description = "print the records as the log's own JSON lines")
        private boolean json;

        @Override
        public Integer call() throws CommandFailure, IOException, InterruptedException {
            Path path = log.path();
            PrintWriter out = spec.commandLine().getOut();
            try (AuditReader reader = AuditReader.open(path)) {
                Deque<AuditRecord> newest = new ArrayDeque<>();
                for (Optional<AuditRecord> next = reader.next(); next.isPresent(); next = reader.next()) {
                    newest.addLast(next.get());
                    if (newest.size() > Math.max(0, count)) {
                        newest.removeFirst();
                    }
                }
                newest.forEach(record -> print(out, record));
                while (follow && !out.checkError()) {
                    reader.await(WAIT);
                    for (Optional<AuditRecord> next = reader.next(); next.isPresent(); next = reader.next()) {
                        print(out, next.get());
                    }
                }
            }
            out.flush();
            return ExitCodes.OK;
        }

        private void print(PrintWriter out, AuditRecord record) {
            out.println(json ? record.toJson() : text(record));
        }

        private static String text(AuditRecord record) {
            AuditEvent event = record.event();
            StringBuilder line = new StringBuilder(160)
                    .append(String.format("%6d  ", record.seq()))
                    .append(record.time().truncatedTo(ChronoUnit.MILLIS))
                    .append("  ")
                    .append(event.kind().jsonName());
            append(line, " ", event.domain());
            append(line, " flow ", event.flow());
            event.details()
                    .forEach((name, value) ->
                            line.append(' ').append(name).append('=').append(value));
            append(line, " [", event.rule());
            return event.rule().isEmpty() ? line.toString() : line.append(']').toString();
        }

        private static void append(StringBuilder line, String lead, String part) {
            if (!part.isEmpty()) {
                line.append(lead).append(part);
            }
        }
    }

    /** {@code cloister audit verify}. */
    @Command(
            name = "verify",
            mixinStandardHelpOptions = true,
            description = "Proves that an audit log is whole: no record altered, removed, reordered or cut off.",
            footer = {
                "",
                "Records cut off the end together with the head file beside the log can only be",
                "noticed with --expect-head and a hash kept elsewhere.",
                "",
                "Exits 0 if the log is whole, 1 if not.",
                "",
                "Examples:",
                "  cloister audit verify",
                "  cloister audit verify audit.log --expect-head 9f86d0…",
            })
    static final class Verify implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Mixin
        private Log log;

        @Option(names = "--expect-head", paramLabel = "HASH", description = "a record's hash that the log must contain")
        private String expected;

        @Option(names = "--json", description = "print the result as JSON")
        private boolean json;

        @Override
        public Integer call() throws CommandFailure, IOException {
            Path path = log.path();
            AuditVerification result = AuditVerifier.verify(path, Optional.ofNullable(expected));
            spec.commandLine().getOut().println(json ? json(path, result) : text(path, result));
            return result.whole() ? ExitCodes.OK : ExitCodes.FOUND;
        }

        private static String text(Path path, AuditVerification result) {
            String proved =
                    result.head().seq() + " records, head " + result.head().hash();
            return result.fault()
                    .map(fault -> path + ": NOT whole: " + fault + "\nproved up to there: " + proved)
                    .orElse(path + ": whole: " + proved);
        }

        private static String json(Path path, AuditVerification result) {
            return JsonText.of(json -> {
                json.writeStartObject();
                json.writeStringField("log", path.toString());
                json.writeBooleanField("whole", result.whole());
                json.writeNumberField("records", result.head().seq());
                json.writeStringField("head", result.head().hash());
                if (result.fault().isPresent()) {
                    AuditVerification.Fault fault = result.fault().get();
                    json.writeObjectFieldStart("fault");
                    json.writeStringField("damage", fault.damage().name().toLowerCase(java.util.Locale.ROOT));
                    json.writeNumberField("line", fault.line());
                    json.writeNumberField("offset", fault.offset());
                    json.writeStringField("message", fault.message());
                    json.writeEndObject();
                }
                json.writeEndObject();
            });
        }
    }
}
