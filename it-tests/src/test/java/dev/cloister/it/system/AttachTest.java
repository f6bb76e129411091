package dev.cloister.it.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.it.harness.Cloister;
import dev.cloister.it.harness.Guests;
import dev.cloister.it.harness.Json;
import dev.cloister.it.harness.OnTerminal;
import dev.cloister.it.harness.PolicyFile;
import dev.cloister.it.harness.Running;
import dev.cloister.it.harness.Up;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** {@code cloister console} on a terminal, which {@code script} of util-linux makes, to a domain of a running policy. */
class AttachTest {
    @BeforeAll
    static void needs() {
        OnTerminal.assumePossible();
    }

    private static Running onTerminal(Cloister cloister, String name, String... options) throws IOException {
        List<String> words = Cloister.commandLine("console", "echo");
        return OnTerminal.start(
                cloister,
                name,
                Stream.concat(words.stream(), Arrays.stream(options)).toList());
    }

    @Test
    void oneTerminalTypesOthersLookAndTheDomainOutlivesThemAll() throws Exception {
        Cloister cloister = Cloister.fresh();
        Path policy = PolicyFile.in(cloister.folder(), "attach")
                .domain("echo", Guests.assemble(cloister.folder(), "echo"))
                .emulated()
                .input("echo")
                .write();
        try (Up up = Up.start(cloister, policy);
                Running writer = onTerminal(cloister, "writer")) {
            writer.awaitOut("Ctrl-A x detaches; the domain goes on");
            writer.awaitOut("ready");
            writer.type("a\u0003\u001a");
            writer.awaitOut("[a][·][·]");
            refused(cloister);
            looksOn(cloister, writer);
            writer.type("\u0001\u0001");
            writer.awaitOut("[b][·]");
            writer.type("\u0001x");
            writer.awaitOut("code 0");
            writer.awaitOut(OnTerminal.RESTORED);
            assertThat(writer.await().expect(0).out()).doesNotContain("[x]");
            comesBack(cloister);
            assertThat(up.domain("echo").state()).isEqualTo("running");
            cloister.run("stop", "echo").expect(0);
            up.command().await().expect(0);
        }
        audit(cloister);
    }

    private static void refused(Cloister cloister) throws Exception {
        try (Running second = onTerminal(cloister, "second")) {
            second.awaitOut("code 65");
            second.awaitOut(OnTerminal.RESTORED);
            assertThat(second.await().expect(0).out())
                    .contains("user " + System.getProperty("user.name") + " (process ", "types to echo", "--read-only")
                    .doesNotContain("ready");
        }
    }

    /** A reader gets what was said before and what comes; what it types never reaches the guest. */
    private static void looksOn(Cloister cloister, Running writer) throws Exception {
        try (Running reader = onTerminal(cloister, "reader", "--read-only")) {
            reader.awaitOut("[a][·][·]");
            reader.type("r\n");
            writer.type("b");
            reader.awaitOut("[b]");
            // Its terminal is not raw: this ends it, and the shell around it.
            reader.type("\u0003");
            reader.await();
        }
        assertThat(writer.out()).doesNotContain("[r]");
    }

    /** The next finds what was said kept, and may type. */
    private static void comesBack(Cloister cloister) throws Exception {
        try (Running next = onTerminal(cloister, "next")) {
            next.awaitOut("ready");
            next.awaitOut("[b][·]");
            next.type("z");
            next.awaitOut("[z]");
            next.type("\u0001x");
            next.awaitOut("code 0");
            next.await().expect(0);
        }
    }

    private static void audit(Cloister cloister) throws Exception {
        List<String> consoles = cloister.run("audit", "query", "--domain", "echo", "--json")
                .expect(0)
                .out()
                .lines()
                .map(Json::parse)
                .filter(record -> record.text("event").startsWith("console"))
                .map(record -> record.text("event") + " " + told(record))
                .toList();
        // The first is the command up, which prints what the domains say.
        assertThat(consoles.getFirst()).isEqualTo("consoleAttached client 1 read");
        assertThat(consoles)
                .containsSubsequence(
                        "consoleAttached client 2 write",
                        "consoleRefused holder 2",
                        "consoleAttached client 3 read",
                        "consoleDetached client 3 read",
                        "consoleDetached client 2 write 5 bytes",
                        "consoleAttached client 4 write",
                        "consoleDetached client 4 write 1 bytes",
                        "consoleDetached client 1 read");
        // The command up may look once more while the domain ends.
        assertThat(consoles)
                .filteredOn(line -> line.contains(" write") || line.startsWith("consoleRefused"))
                .hasSize(5);
        cloister.run("audit", "verify").expect(0);
    }

    private static String told(Json record) {
        Json details = record.get("details");
        if (record.text("event").equals("consoleRefused")) {
            return "holder " + details.text("holder");
        }
        String typed = details.has("typed") ? " " + details.text("typed") + " bytes" : "";
        return "client " + details.text("client") + " " + details.text("access") + typed;
    }
}
