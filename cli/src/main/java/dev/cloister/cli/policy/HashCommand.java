package dev.cloister.cli.policy;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.text.JsonText;
import dev.cloister.policy.model.Fragment;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.text.Canonical;
import dev.cloister.policy.text.TextException;
import dev.cloister.policy.text.TextFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cloister policy hash}: prints a policy's digest. */
@Command(
        name = "hash",
        mixinStandardHelpOptions = true,
        description = "Prints a policy's digest: SHA-256 of the canonical JSON (RFC 8785) of the policy and the "
                + "fragments that it includes. Comments and layout do not change it. The daemon writes it into the "
                + "audit log.",
        footer = {
            "",
            "Exits 0; 65 if the policy can't be loaded.",
            "",
            "Examples:",
            "  cloister policy hash policy.json",
            "  cloister policy hash --canonical policy.json | sha256sum",
        })
final class HashCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "FILE", description = "the policy")
    private Path file;

    @Option(names = "--canonical", description = "print the file's canonical JSON instead, without a newline")
    private boolean canonical;

    @Option(names = "--json", description = "print digest and fragments as JSON")
    private boolean json;

    @Override
    public Integer call() throws CommandFailure, IOException {
        PrintWriter out = spec.commandLine().getOut();
        if (canonical) {
            out.print(canonicalText());
            out.flush();
            return ExitCodes.OK;
        }
        Policy policy = PolicyFile.load(file);
        out.println(json ? json(policy) : policy.digest() + "  " + file);
        return ExitCodes.OK;
    }

    private String canonicalText() throws CommandFailure, IOException {
        try {
            return new String(Canonical.bytes(TextFile.read(file)), StandardCharsets.UTF_8);
        } catch (TextException e) {
            throw new CommandFailure(ExitCodes.BAD_INPUT, e.describe(file.toString()), e);
        }
    }

    private String json(Policy policy) {
        return JsonText.of(json -> {
            json.writeStartObject();
            json.writeStringField("file", file.toString());
            json.writeStringField("digest", policy.digest());
            JsonText.strings(
                    json,
                    "fragments",
                    policy.fragments().stream().map(Fragment::path).toList());
            json.writeEndObject();
        });
    }
}
