package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Finished;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.OnTerminal;
import dev.cloister.it.harness.Running;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code cloister run} on a terminal, which {@code script} of util-linux makes: raw, with an escape key, and given back. */
class TerminalTest {
    @BeforeAll
    static void needs() {
        OnTerminal.assumePossible();
    }

    private static Running start(Cloister cloister) throws IOException {
        Path image = Guests.assemble(cloister.folder(), "echo");
        return OnTerminal.start(
                cloister,
                "on-terminal",
                Cloister.commandLine("run", "--kernel", image.toString(), "--memory", "16M", "--engine", "emulated"));
    }

    private static ProcessHandle guest(Running run) {
        return run.handle()
                .descendants()
                .filter(process -> process.info().command().orElse("").endsWith("java"))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void everyKeyIsTheGuestsButTheEscapeKey() throws Exception {
        try (Running run = start(Cloister.fresh())) {
            run.awaitOut("Ctrl-A x ends the guest");
            run.awaitOut("ready");
            run.type("a\u0003\u001a");
            run.awaitOut("[a][\u0003][\u001a]");
            run.type("\u0001h");
            run.awaitOut("Ctrl-A b  sends a break");
            run.type("\u0001\u0001\u0001a");
            run.awaitOut("[\u0001][\u0001]");
            run.type("\u0001x");
            run.awaitOut("code 0");
            run.awaitOut(OnTerminal.RESTORED);
            Finished end = run.await().expect(0);
            assertThat(end.out()).doesNotContain("[x]", "[h]");
        }
    }

    /** 143 and 129 by signals that end the process in order, 137 by one that doesn't let it do anything. */
    @ParameterizedTest
    @ValueSource(strings = {"TERM 143", "HUP 129", "INT 130", "KILL 137"})
    void theTerminalIsGivenBackWhateverEndsTheProcess(String signalAndCode) throws Exception {
        String[] words = signalAndCode.split(" ");
        try (Running run = start(Cloister.fresh())) {
            run.awaitOut("ready");
            run.type("a\u0003");
            run.awaitOut("[a][\u0003]");
            long pid = guest(run).pid();
            assertThat(new ProcessBuilder("kill", "-" + words[0], Long.toString(pid))
                            .inheritIO()
                            .start()
                            .waitFor())
                    .isZero();
            run.awaitOut("code " + words[1]);
            run.awaitOut(OnTerminal.RESTORED);
            run.await().expect(0);
        }
    }
}
