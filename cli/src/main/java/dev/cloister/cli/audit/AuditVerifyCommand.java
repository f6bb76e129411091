package dev.cloister.cli.audit;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.text.JsonText;
import dev.cloister.policy.audit.AuditVerification;
import dev.cloister.policy.audit.AuditVerifier;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code cloister audit verify}. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        description = "Proves that an audit log with all its files is whole: no record altered, removed, inserted, "
                + "reordered or cut off.",
        footer = {
            "",
            "Records cut off the end together with the head file beside the log, and a log",
            "that was wholly rewritten, can only be noticed with --expect-head and a hash",
            "kept elsewhere.",
            "",
            "Exits 0 if the log is whole, 1 if not.",
            "",
            "Examples:",
            "  cloister audit verify",
            "  cloister audit verify audit.log --expect-head 9f86d0…",
        })
final class AuditVerifyCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private AuditLogChoice log;

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
        long count = result.head().seq() - result.first() + 1;
        String range = result.first() == 1
                ? ""
                : " (" + result.first() + " to " + result.head().seq() + ")";
        String files = result.segments() == 0 ? "" : " in " + (result.segments() + 1) + " files";
        String proved =
                count + " records" + range + files + ", head " + result.head().hash();
        return result.fault()
                .map(fault -> path + ": NOT whole: " + fault + "\nproved up to there: " + proved)
                .orElse(path + ": whole: " + proved);
    }

    private static String json(Path path, AuditVerification result) {
        return JsonText.of(json -> {
            json.writeStartObject();
            json.writeStringField("log", path.toString());
            json.writeBooleanField("whole", result.whole());
            json.writeNumberField("records", result.head().seq() - result.first() + 1);
            json.writeNumberField("first", result.first());
            json.writeNumberField("last", result.head().seq());
            json.writeNumberField("segments", result.segments());
            json.writeStringField("head", result.head().hash());
            if (result.fault().isPresent()) {
                AuditVerification.Fault fault = result.fault().get();
                json.writeObjectFieldStart("fault");
                json.writeStringField("damage", fault.damage().name().toLowerCase(Locale.ROOT));
                json.writeStringField("file", fault.file());
                json.writeNumberField("line", fault.line());
                json.writeNumberField("offset", fault.offset());
                json.writeStringField("message", fault.message());
                json.writeEndObject();
            }
            json.writeEndObject();
        });
    }
}
