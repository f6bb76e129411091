package dev.cloister.cli.policy;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.text.JsonText;
import dev.cloister.policy.alloy.PolicyModel;
import dev.cloister.policy.alloy.Question;
import dev.cloister.policy.model.Policy;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cloister policy model}: writes a policy as an Alloy module. */
@Command(
        name = "model",
        mixinStandardHelpOptions = true,
        description = "Writes a policy as a self-contained Alloy 6 module: what the policy says, what the language "
                + "means by it, and a command for each question (is this flow granted, does this assertion hold, does "
                + "anything move against the labels without a guard). Open it in Alloy to get a second opinion; "
                + "docs/assurance says what that is worth.",
        footer = {
            "",
            "Exits 0; 65 if the policy can't be loaded or the output can't be written.",
            "",
            "Examples:",
            "  cloister policy model policy.json -o policy.als",
            "  cloister policy model policy.json | less",
            "  cloister policy model policy.json --json     (the questions)",
        })
final class ModelCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "FILE", description = "the policy")
    private Path file;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "write there instead of to standard output")
    private Path output;

    @Option(names = "--json", description = "print the questions as JSON, and the module unless -o takes it")
    private boolean json;

    @Override
    public Integer call() throws CommandFailure {
        Policy policy = PolicyFile.load(file);
        PolicyModel model = PolicyModel.of(policy);
        PrintWriter out = spec.commandLine().getOut();
        Optional<Path> target = Optional.ofNullable(output);
        if (target.isPresent()) {
            OutputFile.write(target.get(), model.text());
        }
        if (json) {
            out.println(json(policy, model, target));
        } else if (target.isEmpty()) {
            out.print(model.text());
            out.flush();
        }
        return ExitCodes.OK;
    }

    private static String json(Policy policy, PolicyModel model, Optional<Path> target) {
        return JsonText.of(json -> {
            json.writeStartObject();
            json.writeStringField("policy", policy.digest());
            if (target.isPresent()) {
                json.writeStringField("file", target.get().toString());
            } else {
                json.writeStringField("module", model.text());
            }
            json.writeArrayFieldStart("questions");
            for (Question question : model.questions()) {
                json.writeStartObject();
                json.writeStringField("command", question.command());
                json.writeStringField("subject", question.subject().name().toLowerCase(Locale.ROOT));
                json.writeStringField("asks", question.asks());
                json.writeStringField("at", question.position().toString());
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        });
    }
}
