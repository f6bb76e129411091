package dev.cloister.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.cli.command.ExitCodes;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {
    private final StringWriter err = new StringWriter();

    private int execute(String... words) {
        return Main.commandLine().setErr(new PrintWriter(err)).execute(words);
    }

    @Test
    void anUnknownEngineIsAUsageError() {
        assertThat(execute("run", "--kernel", "x", "--engine", "turbo")).isEqualTo(ExitCodes.USAGE);
        assertThat(err.toString()).contains("turbo").containsIgnoringCase("direct");
    }

    @Test
    void withoutACommandItTellsOnceWhereHelpIs() {
        assertThat(execute()).isEqualTo(ExitCodes.USAGE);
        assertThat(err.toString().lines()).containsExactly("cloister: which command?", "See cloister --help");
    }

    @ParameterizedTest
    @ValueSource(strings = {"audit", "image", "policy", "schedule"})
    void aGroupAloneTellsOnceWhereItsHelpIs(String group) {
        assertThat(execute(group)).isEqualTo(ExitCodes.USAGE);
        assertThat(err.toString().lines())
                .containsExactly("cloister: which command?", "See cloister " + group + " --help");
    }
}
