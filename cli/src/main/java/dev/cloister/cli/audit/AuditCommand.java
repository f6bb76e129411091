package dev.cloister.cli.audit;

import dev.cloister.cli.command.CommandGroup;
import picocli.CommandLine.Command;

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
public final class AuditCommand extends CommandGroup {}
