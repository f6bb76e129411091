package dev.cloister.cli.audit;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.policy.audit.AuditEntry;
import dev.cloister.policy.audit.export.AuditFilter;
import dev.cloister.policy.audit.export.JournalFormat;
import dev.cloister.policy.audit.export.JournalSocket;
import dev.cloister.policy.audit.export.SyslogFormat;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code cloister audit export}. */
@Command(
        name = "export",
        mixinStandardHelpOptions = true,
        description = "Writes an audit log's records for other tools: as they are (jsonl), as lines of RFC 5424 with "
                + "structured data (syslog), or in the systemd journal's export format (journal).",
        footer = {
            "",
            "Examples:",
            "  cloister audit export --format jsonl -o audit.jsonl",
            "  cloister audit export --format syslog --host $(hostname) --seq 1000..",
            "  cloister audit export --format journal | systemd-journal-remote -o x.journal -",
            "  cloister audit export --to-journal --severity warning",
        })
final class ExportCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private AuditLogChoice log;

    @Mixin
    private FilterOptions options;

    @Option(names = "--format", paramLabel = "FORMAT", description = "jsonl, syslog or journal (default: jsonl)")
    private String format;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "write there and not to standard output; it must not exist")
    private Path output;

    @Option(names = "--host", paramLabel = "NAME", description = "host name in syslog lines (default: -)")
    private String host = "-";

    @Option(
            names = "--to-journal",
            description = "send the records to the running systemd journal by its native protocol")
    private boolean toJournal;

    @Option(
            names = "--journal-socket",
            paramLabel = "PATH",
            description = "where the journal listens (default: ${DEFAULT-VALUE})")
    private Path socket = JournalSocket.PATH;

    @Override
    public Integer call() throws CommandFailure, IOException {
        if (toJournal && (format != null || output != null)) {
            throw new ParameterException(spec.commandLine(), "--to-journal goes without --format and --output");
        }
        AuditFilter filter = options.filter();
        Path path = log.path();
        if (toJournal) {
            send(path, filter);
        } else if (output == null) {
            write(path, filter, spec.commandLine().getOut());
        } else {
            writeFile(path, filter);
        }
        return ExitCodes.OK;
    }

    private void send(Path path, AuditFilter filter) throws CommandFailure, IOException {
        if (!Files.exists(socket)) {
            throw new CommandFailure(
                    ExitCodes.HOST, "no systemd journal listens at " + socket + "; use --format journal and a file");
        }
        try (JournalSocket journal = JournalSocket.connect(socket)) {
            AuditScan.run(path, filter, spec.commandLine().getErr(), entry -> {
                journal.send(entry);
                return true;
            });
        }
    }

    private void writeFile(Path path, AuditFilter filter) throws CommandFailure, IOException {
        if (Files.exists(output)) {
            throw new CommandFailure(ExitCodes.BAD_INPUT, output + " exists; name another file or remove it");
        }
        try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(output, StandardCharsets.US_ASCII))) {
            write(path, filter, out);
            if (out.checkError()) {
                throw new CommandFailure(ExitCodes.HOST, "can't write " + output);
            }
        }
    }

    private void write(Path path, AuditFilter filter, PrintWriter out) throws IOException {
        Function<AuditEntry, String> form = form();
        AuditScan.run(path, filter, spec.commandLine().getErr(), entry -> {
            out.print(form.apply(entry));
            return !out.checkError();
        });
        out.flush();
    }

    private Function<AuditEntry, String> form() {
        return switch (format == null ? "jsonl" : format) {
            case "jsonl" -> entry -> new String(entry.line(), StandardCharsets.US_ASCII);
            case "syslog" -> entry -> SyslogFormat.of(entry.record(), host) + "\n";
            case "journal" -> entry -> new String(JournalFormat.export(entry), StandardCharsets.US_ASCII);
            default ->
                throw new ParameterException(
                        spec.commandLine(), "--format " + format + ": expected jsonl, syslog or journal");
        };
    }
}
