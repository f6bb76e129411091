package dev.cloister.policy.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.client.PolicyDaemonClient.Console;
import dev.cloister.policy.protocol.Snapshot;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients at a domain's serial line: one types, any number look, each is recorded, and none holds up the others. */
@Timeout(600)
class ConsoleDeskTest {
    private static final int BABBLE_KIB = 8192;
    /** What a socket and the daemon keep for a client that does not read is a fraction of this. */
    private static final int BOUND = 2 << 20;

    @TempDir
    Path directory;

    private DaemonFixture.Running start(String behaviour) throws Exception {
        DaemonFixture.Running running = new DaemonFixture(directory)
                .domain("echo", "high", behaviour)
                .flow("keys", "@console", "echo", "console", "")
                .start();
        running.await(ConsoleDeskTest::runs);
        return running;
    }

    private static boolean runs(Snapshot snapshot) {
        return DaemonFixture.domain(snapshot, "echo").state().equals("running");
    }

    private static void type(Console console, String text) throws IOException {
        console.input().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** Records of the consoles, waiting for the first so many. */
    private static List<String> records(DaemonFixture.Running running, int count) throws IOException {
        List<String> found = List.of();
        do {
            // Any answer comes after the records of what was asked before.
            running.await(snapshot -> true);
            found = running.audit()
                    .lines()
                    .filter(line -> line.contains("\"event\":\"console"))
                    .toList();
        } while (found.size() < count);
        return found;
    }

    @Test
    void oneTypesAndTheSecondIsToldWho() throws Exception {
        try (DaemonFixture.Running running = start("echo");
                PolicyDaemonClient first = running.client();
                Console writer = first.console("echo")) {
            assertThat(writer.acceptsInput()).isTrue();
            String user = System.getProperty("user.name");
            long pid = ProcessHandle.current().pid();
            try (PolicyDaemonClient second = running.client()) {
                assertThatThrownBy(() -> second.console("echo"))
                        .isInstanceOf(PolicyDaemonClient.RefusedException.class)
                        .hasMessageContaining("user " + user + " (process " + pid + ") types to echo")
                        .hasMessageContaining("--read-only");
                // The connection is good for other requests still.
                assertThat(second.ps().domains()).hasSize(1);
            }
            writer.close();
            List<String> all = records(running, 3);
            assertThat(all.get(0))
                    .contains(
                            "consoleAttached",
                            "\"domain\":\"echo\"",
                            "\"flow\":\"keys\"",
                            "\"client\":\"1\"",
                            "\"access\":\"write\"",
                            "\"user\":\"" + user + "\"",
                            "\"pid\":\"" + pid + "\"");
            assertThat(all.get(1)).contains("consoleRefused", "\"flow\":\"keys\"", "\"holder\":\"1\"");
            assertThat(all.get(2)).contains("consoleDetached", "\"client\":\"1\"", "\"typed\":\"0\"");
            try (PolicyDaemonClient next = running.client();
                    Console mine = next.console("echo")) {
                assertThat(mine.acceptsInput()).isTrue();
            }
        }
    }

    @Test
    void theStateTellsWhoIsAttachedAndForgetsWhoHasLeft() throws Exception {
        try (DaemonFixture.Running running = start("echo");
                PolicyDaemonClient looking = running.client();
                Console reader = looking.watchConsole("echo");
                PolicyDaemonClient typing = running.client();
                Console writer = typing.console("echo")) {
            String user = System.getProperty("user.name");
            long pid = ProcessHandle.current().pid();
            Snapshot both = running.await(s -> consoles(s).size() == 2);
            assertThat(consoles(both))
                    .containsExactly(
                            new Snapshot.ConsoleView(1, user, pid, "read"),
                            new Snapshot.ConsoleView(2, user, pid, "write"));
            reader.close();
            Snapshot one = running.await(s -> consoles(s).size() == 1);
            assertThat(consoles(one).getFirst().access()).isEqualTo("write");
            writer.close();
            running.await(s -> consoles(s).isEmpty());
        }
    }

    private static List<Snapshot.ConsoleView> consoles(Snapshot snapshot) {
        return DaemonFixture.domain(snapshot, "echo").consoles();
    }

    @Test
    void whatAReaderSendsGoesNowhere() throws Exception {
        try (DaemonFixture.Running running = start("echo");
                PolicyDaemonClient looking = running.client();
                Console reader = looking.watchConsole("echo");
                PolicyDaemonClient typing = running.client();
                Console writer = typing.console("echo")) {
            assertThat(reader.acceptsInput()).isFalse();
            type(reader, "from the reader");
            type(writer, "abc");
            assertThat(running.awaitSerial("echo", "typed: abc")).doesNotContain("reader");
            assertThat(read(reader, "typed: abc\n")).contains("typed: abc");
            writer.close();
            reader.close();
            assertThat(records(running, 6))
                    .anyMatch(line -> line.contains("consoleDetached") && line.contains("\"typed\":\"3\""))
                    .anyMatch(line -> line.contains("consoleDetached") && line.contains("\"access\":\"read\""));
        }
    }

    /** The domain says what it has to say, others see it, and for a client that does not read no more is kept than the last. */
    @Test
    void aClientThatDoesNotReadHoldsNobodyUpAndMissesWhatIsOverwritten() throws Exception {
        try (DaemonFixture.Running running = start("echo babble:" + BABBLE_KIB + " echo");
                PolicyDaemonClient looking = running.client();
                Console lazy = looking.watchConsole("echo");
                PolicyDaemonClient typing = running.client();
                Console writer = typing.console("echo")) {
            type(writer, "go");
            // Typed at once, both would be read as one.
            read(writer, "typed: go\n");
            type(writer, "end");
            running.awaitSerial("echo", "typed: end");
            String seen = read(lazy, "typed: end\n");
            assertThat(seen.length()).as("bytes kept for it").isLessThan(BOUND);
        }
    }

    @Test
    void whoTypedToARunThatHasEndedKeepsNobodyFromTheNext() throws Exception {
        try (DaemonFixture.Running running = start("echo babble:" + BABBLE_KIB + " echo");
                PolicyDaemonClient typing = running.client();
                Console stuck = typing.console("echo");
                PolicyDaemonClient operator = running.client()) {
            type(stuck, "go");
            // Typed at once, both would be read as one.
            read(stuck, "typed: go\n");
            type(stuck, "end");
            running.awaitSerial("echo", "typed: end");
            operator.stop("echo");
            operator.start("echo");
            try (PolicyDaemonClient next = running.client();
                    Console mine = next.console("echo")) {
                assertThat(mine.acceptsInput()).isTrue();
                type(mine, "again");
                assertThat(read(mine, "typed: again")).contains("typed: again");
            }
            // What it finds, once it reads, is its own run's and the end.
            assertThat(read(stuck, "never said")).doesNotContain("again");
        }
    }

    @Test
    void linesOfOneRunHaveOneNumberAndThoseOfTheNextAnother() throws Exception {
        try (DaemonFixture.Running running = start("echo");
                PolicyDaemonClient operator = running.client()) {
            int first = run(running);
            assertThat(run(running)).isEqualTo(first);
            operator.stop("echo");
            running.await(snapshot -> !runs(snapshot));
            assertThat(run(running)).as("of a run that has ended").isEqualTo(first);
            operator.start("echo");
            running.await(ConsoleDeskTest::runs);
            assertThat(run(running)).isEqualTo(first + 1);
        }
    }

    private static int run(DaemonFixture.Running running) throws IOException {
        try (PolicyDaemonClient looking = running.client();
                Console reader = looking.watchConsole("echo")) {
            return reader.run();
        }
    }

    @Test
    void whoIsAttachedWhenTheDaemonEndsIsRecordedAsParted() throws Exception {
        DaemonFixture.Running running = start("");
        try (running;
                PolicyDaemonClient looking = running.client()) {
            looking.watchConsole("echo");
        }
        Matcher ends = Pattern.compile("consoleDetached|daemonStop").matcher(running.audit());
        assertThat(ends.results().map(found -> found.group())).containsExactly("consoleDetached", "daemonStop");
    }

    /** What comes until a text or the end. */
    private static String read(Console console, String text) throws IOException {
        StringBuilder seen = new StringBuilder();
        InputStream output = console.output();
        byte[] chunk = new byte[16_384];
        for (int n = output.read(chunk); n >= 0; n = output.read(chunk)) {
            int before = Math.max(0, seen.length() - text.length());
            seen.append(new String(chunk, 0, n, StandardCharsets.US_ASCII));
            if (seen.indexOf(text, before) >= 0) {
                break;
            }
        }
        return seen.toString();
    }
}
