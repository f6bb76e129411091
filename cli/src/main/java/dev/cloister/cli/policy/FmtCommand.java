package dev.cloister.cli.policy;

import dev.cloister.cli.command.CommandFailure;
import dev.cloister.cli.command.ExitCodes;
import dev.cloister.cli.text.JsonText;
import dev.cloister.policy.text.AtomicFile;
import dev.cloister.policy.text.PolicyFormat;
import dev.cloister.policy.text.TextException;
import dev.cloister.policy.text.TextFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code cloister policy fmt}: puts policies into the one layout. */
@Command(
        name = "fmt",
        mixinStandardHelpOptions = true,
        description = "Formats policies and fragments in place: one layout for all; every comment stays. What a "
                + "policy says, and so its digest, does not change.",
        footer = {
            "",
            "Exits 0; with --check 1 if a file would change; 65 if a file isn't JSON5.",
            "",
            "Examples:",
            "  cloister policy fmt policy.json fragments/*.json",
            "  cloister policy fmt --check policy.json",
        })
final class FmtCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(arity = "1..*", paramLabel = "FILE", description = "policies and fragments")
    private List<Path> files;

    @Option(names = "--check", description = "change nothing; print the first line of each file that would change")
    private boolean check;

    @Option(names = "--stdout", description = "print the result, change nothing; for one file")
    private boolean stdout;

    @Option(names = "--json", description = "print what was or would be changed as JSON")
    private boolean json;

    @Override
    public Integer call() throws CommandFailure, IOException {
        requireSense();
        List<Difference> differences = new ArrayList<>();
        for (Path file : files) {
            byte[] before = TextFile.read(file);
            byte[] after = format(file, before);
            if (stdout) {
                print(after);
            } else if (!Arrays.equals(before, after)) {
                differences.add(Difference.between(file, before, after));
                write(file, after);
            }
        }
        report(differences);
        return check && !differences.isEmpty() ? ExitCodes.FOUND : ExitCodes.OK;
    }

    private void requireSense() {
        if (stdout && (check || json || files.size() > 1)) {
            throw new ParameterException(
                    spec.commandLine(), "--stdout goes with one file, and with neither --check nor --json");
        }
    }

    private static byte[] format(Path file, byte[] text) throws CommandFailure {
        try {
            return PolicyFormat.format(text);
        } catch (TextException e) {
            throw new CommandFailure(ExitCodes.BAD_INPUT, e.describe(file.toString()), e);
        }
    }

    private void write(Path file, byte[] text) throws IOException {
        if (!check) {
            AtomicFile.replace(file, text);
        }
    }

    private void print(byte[] text) {
        PrintWriter out = spec.commandLine().getOut();
        out.print(new String(text, StandardCharsets.UTF_8));
        out.flush();
    }

    private void report(List<Difference> differences) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(json(differences));
        } else if (check) {
            for (Difference difference : differences) {
                out.println(difference.file() + ":" + difference.line() + ": not formatted");
                out.println("  - " + difference.before());
                out.println("  + " + difference.after());
            }
        } else {
            differences.forEach(difference -> out.println("formatted " + difference.file()));
        }
    }

    private String json(List<Difference> differences) {
        return JsonText.of(json -> {
            json.writeStartObject();
            json.writeBooleanField("written", !check);
            json.writeArrayFieldStart("changed");
            for (Difference difference : differences) {
                json.writeStartObject();
                json.writeStringField("file", difference.file().toString());
                json.writeNumberField("line", difference.line());
                json.writeStringField("before", difference.before());
                json.writeStringField("after", difference.after());
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeEndObject();
        });
    }

    /** The first line in which a file and its formatted text differ; behind the last there is the end of the file. */
    private record Difference(Path file, int line, String before, String after) {
        private static final String NONE = "(end of the file)";

        static Difference between(Path file, byte[] before, byte[] after) {
            // The limit keeps the empty text behind the last newline: a missing newline is a difference as well.
            String[] old = new String(before, StandardCharsets.UTF_8).split("\n", -1);
            String[] fresh = new String(after, StandardCharsets.UTF_8).split("\n", -1);
            int at = 0;
            while (at < old.length && at < fresh.length && old[at].equals(fresh[at])) {
                at++;
            }
            return new Difference(file, at + 1, shown(old, at), shown(fresh, at));
        }

        private static String shown(String[] lines, int at) {
            return at < lines.length ? lines[at].replace("\r", "\\r").replace("\t", "\\t") : NONE;
        }
    }
}
