package dev.cloister.cli.audit;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code cloister audit query}. */
@Command(
        name = "query",
        mixinStandardHelpOptions = true,
        description = "Prints the records of an audit log that are asked for, through all its files. Proves nothing: "
                + "see cloister audit verify.",
        footer = {
            "",
            "Exits 0, also where no record is found.",
            "",
            "Examples:",
            "  cloister audit query --domain sensor --severity warning",
            "  cloister audit query quickstart --kind refusal --since 2026-01-31 --json",
            "  cloister audit query --seq 100..200 --wide",
        })
final class QueryCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private AuditLogChoice log;

    @Mixin
    private FilterOptions filter;

    @Option(names = "-n", paramLabel = "N", description = "at most so many, the oldest ones (default: all)")
    private long most = Long.MAX_VALUE;

    @Option(names = "--json", description = "print the records as the log's own JSON lines")
    private boolean json;

    @Option(names = "--wide", description = "cut nothing off, whatever the terminal's width")
    private boolean wide;

    @Override
    public Integer call() throws CommandFailure, IOException {
        PrintWriter out = spec.commandLine().getOut();
        RecordTable table = new RecordTable(out, wide);
        long[] left = {most};
        if (!json) {
            table.header();
        }
        if (most > 0) {
            AuditScan.run(log.path(), filter.filter(), spec.commandLine().getErr(), entry -> {
                if (json) {
                    out.println(entry.record().toJson());
                } else {
                    table.row(entry.record());
                }
                return --left[0] > 0 && !out.checkError();
            });
        }
        out.flush();
        return ExitCodes.OK;
    }
}
