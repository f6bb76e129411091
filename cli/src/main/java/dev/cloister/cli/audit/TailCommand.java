package dev.cloister.cli.audit;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.policy.audit.AuditReader;
import dev.cloister.policy.audit.AuditRecord;
import dev.cloister.policy.audit.export.AuditFilter;
import dev.cloister.policy.audit.export.RecordText;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code cloister audit tail}. */
@Command(
        name = "tail",
        mixinStandardHelpOptions = true,
        description = "Prints the newest records of an audit log; --follow goes on through rotations.",
        footer = {
            "",
            "Examples:",
            "  cloister audit tail",
            "  cloister audit tail quickstart -n 50 --follow",
            "  cloister audit tail --follow --severity warning",
        })
final class TailCommand implements Callable<Integer> {
    /** Only to notice that nobody reads any more; records wake it at once. */
    private static final Duration WAIT = Duration.ofSeconds(1);

    @Spec
    private CommandSpec spec;

    @Mixin
    private AuditLogChoice log;

    @Mixin
    private FilterOptions options;

    @Option(names = "-n", paramLabel = "N", description = "how many records (default: ${DEFAULT-VALUE})")
    private int count = 20;

    @Option(
            names = {"-f", "--follow"},
            description = "go on printing records as they are written")
    private boolean follow;

    @Option(names = "--json", description = "print the records as the log's own JSON lines")
    private boolean json;

    private long last;

    @Override
    public Integer call() throws CommandFailure, IOException, InterruptedException {
        Path path = log.path();
        PrintWriter out = spec.commandLine().getOut();
        AuditFilter filter = options.filter();
        long from = Math.max(1, AuditReader.lastSeq(path) - Math.max(0, count) + 1);
        try (AuditReader reader = AuditReader.open(path, from)) {
            print(out, reader, filter);
            while (follow && !out.checkError()) {
                reader.await(WAIT);
                print(out, reader, filter);
            }
        }
        out.flush();
        return ExitCodes.OK;
    }

    private void print(PrintWriter out, AuditReader reader, AuditFilter filter) throws IOException {
        for (Optional<AuditRecord> next = reader.next(); next.isPresent(); next = reader.next()) {
            AuditRecord record = next.get();
            if (last != 0 && record.seq() != last + 1) {
                spec.commandLine()
                        .getErr()
                        .println("records " + (last + 1) + " to " + (record.seq() - 1)
                                + " were rotated away before they could be read");
            }
            last = record.seq();
            if (filter.wants(record)) {
                out.println(json ? record.toJson() : text(record));
            }
        }
    }

    private static String text(AuditRecord record) {
        return String.format(
                "%6d  %s  %s", record.seq(), record.time().truncatedTo(ChronoUnit.MILLIS), RecordText.line(record));
    }
}
