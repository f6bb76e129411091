package dev.cloister.cli.policy;

import dev.cloister.cli.Main;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.stream.Stream;
import picocli.CommandLine;

/** Runs {@code cloister policy} in this process and keeps what the last run printed; tests extend it. */
abstract class PolicyCommandRunner {
    /** What went to standard output. */
    protected String out = "";

    /** What went to standard error. */
    protected String err = "";

    /** Runs {@code cloister policy} with these words; returns the exit code. */
    protected final int run(Object... words) {
        StringWriter outText = new StringWriter();
        StringWriter errText = new StringWriter();
        CommandLine line = Main.commandLine();
        line.setOut(new PrintWriter(outText, true)).setErr(new PrintWriter(errText, true));
        int code =
                line.execute(Stream.concat(Stream.of("policy"), Stream.of(words).map(Object::toString))
                        .toArray(String[]::new));
        out = outText.toString();
        err = errText.toString();
        return code;
    }
}
