package dev.cloister.cli.policy;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.text.JsonText;
import dev.cloister.cli.text.Lines;
import dev.cloister.policy.audit.AuditReader;
import dev.cloister.policy.audit.AuditRecord;
import dev.cloister.policy.audit.AuditVerification;
import dev.cloister.policy.audit.AuditVerifier;
import dev.cloister.policy.explain.Replay;
import dev.cloister.policy.model.Policy;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cloister policy replay}. */
@Command(
        name = "replay",
        mixinStandardHelpOptions = true,
        description = "Decides what an audit log tells once more, under another policy, and tells what would differ. "
                + "The log's chain is verified first. Images count as that policy states them.",
        footer = {
            "",
            "Exits 0 if nothing differs, 1 if something does, 65 if the log is damaged or",
            "the policy can't be loaded.",
            "",
            "Example:",
            "  cloister policy replay audit.log --policy next.json",
        })
final class ReplayCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "LOG", description = "the audit log")
    private Path log;

    @Option(names = "--policy", required = true, paramLabel = "FILE", description = "the other policy")
    private Path file;

    @Option(names = "--json", description = "print the differences as JSON")
    private boolean json;

    @Override
    public Integer call() throws CommandFailure {
        Policy policy = PolicyFile.load(file);
        Replay replay = new Replay(policy);
        try {
            AuditVerification verification = AuditVerifier.verify(log, Optional.empty());
            if (!verification.whole() && !verification.repairable()) {
                throw new CommandFailure(
                        ExitCodes.BAD_INPUT,
                        log + " is damaged, nothing was replayed: "
                                + verification.fault().orElseThrow());
            }
            read(replay, verification.head().seq());
        } catch (IOException e) {
            throw new CommandFailure(ExitCodes.BAD_INPUT, "can't read " + log + ": " + e.getMessage(), e);
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(json(replay, policy));
        } else {
            print(out, replay);
        }
        return replay.differences().isEmpty() ? ExitCodes.OK : ExitCodes.FOUND;
    }

    /** Reads as far as the chain was proved. */
    private void read(Replay replay, long last) throws IOException {
        try (AuditReader reader = AuditReader.open(log)) {
            Optional<AuditRecord> record = last == 0 ? Optional.empty() : reader.next();
            while (record.isPresent()) {
                replay.next(record.get());
                record = record.get().seq() >= last ? Optional.empty() : reader.next();
            }
        }
    }

    private static void print(PrintWriter out, Replay replay) {
        for (Replay.Difference one : replay.differences()) {
            String flow = one.flow().isEmpty() ? "" : ", flow " + one.flow();
            Lines.wrap(
                    out,
                    "",
                    "record " + one.seq() + " " + one.time() + ": " + one.asked() + flow + ": " + words(one.before())
                            + " -> " + words(one.after()));
            Lines.wrap(out, "  ", one.verdict());
        }
        out.println(replay.decisions() + " decisions, " + replay.differences().size() + " differ");
    }

    private static String words(String gate) {
        return gate.equals("granted") ? gate : "refused by " + gate;
    }

    private static String json(Replay replay, Policy policy) {
        return JsonText.of(out -> {
            out.writeStartObject();
            out.writeStringField("policy", policy.digest());
            out.writeNumberField("decisions", replay.decisions());
            out.writeArrayFieldStart("differences");
            for (Replay.Difference one : replay.differences()) {
                out.writeStartObject();
                out.writeNumberField("seq", one.seq());
                out.writeStringField("time", one.time().toString());
                out.writeStringField("asked", one.asked());
                out.writeStringField("flow", one.flow());
                out.writeStringField("before", one.before());
                out.writeStringField("after", one.after());
                out.writeStringField("verdict", one.verdict());
                out.writeEndObject();
            }
            out.writeEndArray();
            out.writeEndObject();
        });
    }
}
