package dev.cloister.cli.host;

import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.text.JsonText;
import dev.cloister.cli.text.Lines;
import dev.cloister.vmm.host.HostCheck;
import dev.cloister.vmm.host.HostProbe;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code cloister doctor}. */
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        description = "Checks what this host can do, says what is missing and how to get it, and which engine "
                + "--engine auto chooses and why.",
        footer = {
            "",
            "Exits 0 if guests can run, 69 if not.",
            "",
            "Example:",
            "  cloister doctor",
        })
public final class DoctorCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--json", description = "print the checks as JSON")
    private boolean json;

    @Override
    public Integer call() {
        List<HostCheck> checks = HostProbe.run();
        boolean canRun = HostProbe.canRun(checks);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(json(checks, canRun));
        } else {
            print(out, checks, canRun);
        }
        return canRun ? ExitCodes.OK : ExitCodes.HOST;
    }

    private static void print(PrintWriter out, List<HostCheck> checks, boolean canRun) {
        for (HostCheck check : checks) {
            String mark = switch (check.verdict()) {
                case OK -> "ok";
                case LIMITED -> "limited";
                case MISSING -> "MISSING";
            };
            Lines.wrap(out, String.format("%-8s %-19s ", mark, check.name()), check.found());
            if (!check.advice().isEmpty()) {
                Lines.wrap(out, " ".repeat(29), check.advice());
            }
        }
        out.println(canRun ? "Guests can run on this host." : "Guests cannot run on this host.");
    }

    private static String json(List<HostCheck> checks, boolean canRun) {
        return JsonText.of(json -> {
            json.writeStartObject();
            json.writeBooleanField("canRun", canRun);
            json.writeArrayFieldStart("checks");
            for (HostCheck check : checks) {
                json.writeStartObject();
                json.writeStringField("name", check.name());
                json.writeStringField("verdict", check.verdict().name().toLowerCase(java.util.Locale.ROOT));
                json.writeStringField("found", check.found());
                json.writeStringField("advice", check.advice());
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        });
    }
}
