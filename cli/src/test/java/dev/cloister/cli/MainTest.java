package dev.cloister.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.cli.command.ExitCodes;
import org.junit.jupiter.api.Test;

class MainTest {
    @Test
    void anUnknownEngineIsAUsageError() {
        java.io.StringWriter err = new java.io.StringWriter();
        var line = Main.commandLine().setErr(new java.io.PrintWriter(err));
        assertThat(line.execute("run", "--kernel", "x", "--engine", "turbo")).isEqualTo(ExitCodes.USAGE);
        assertThat(err.toString()).contains("turbo").containsIgnoringCase("direct");
    }
}
