package dev.cloister.cli.audit;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code cloister audit}: reads and proves the audit log. */
@Command(
        name = "audit",
        mixinStandardHelpOptions = true,
        description = "Shows, searches, exports and verifies the hash-chained audit log.",
        subcommands = {TailCommand.class, QueryCommand.class, ExportCommand.class, AuditVerifyCommand.class},
        footer = {
            "",
            "Examples:",
            "  cloister audit tail --follow",
            "  cloister audit query --severity warning",
            "  cloister audit verify",
        })
public final class AuditCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which audit command? See cloister audit --help");
    }
}
