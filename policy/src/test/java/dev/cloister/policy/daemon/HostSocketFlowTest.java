package dev.cloister.policy.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.client.PolicyDaemonClient;
import dev.cloister.policy.protocol.Snapshot;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Programs of the host and of a domain, as far as streams at a socket allow: each port a flow's, cut by the daemon. */
@Timeout(600)
class HostSocketFlowTest {
    private static final int SENT = 300_000;
    private static final String[] FLOWS = {"out", "answer", "in", "reply"};

    @TempDir
    Path directory;

    /** The domain may connect to port 1 of the host, and programs to port 7 of the domain. */
    private DaemonFixture fixture(String limits) throws Exception {
        return new DaemonFixture(directory)
                .domain("a", "high", "guest:" + guest(), ", \"vsock\": {\"cid\": 5}")
                .host(", \"sockets\": {\"a\": {\"path\": \"host\", \"label\": {\"level\": \"high\"}}}")
                .flow("out", "a", "@socket:a", "stream", ", \"ports\": [1]" + limits)
                .flow("answer", "@socket:a", "a", "stream", ", \"answers\": \"out\"")
                .flow("in", "@socket:a", "a", "stream", ", \"ports\": [7]")
                .flow("reply", "a", "@socket:a", "stream", ", \"answers\": \"in\"");
    }

    private Path socket() {
        return directory.resolve("host");
    }

    private Path guest() {
        return directory.resolve("guest");
    }

    private static boolean live(Snapshot snapshot) {
        for (String flow : FLOWS) {
            if (!DaemonFixture.flow(snapshot, flow).state().equals("live")) {
                return false;
            }
        }
        return true;
    }

    private static ServerSocketChannel serve(Path path) throws IOException {
        return ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(path));
    }

    private static SocketChannel call(Path path, int port) throws IOException {
        SocketChannel program = SocketChannel.open(UnixDomainSocketAddress.of(path));
        program.write(ByteBuffer.wrap(("CONNECT " + port + "\n").getBytes(StandardCharsets.US_ASCII)));
        return program;
    }

    private static String line(SocketChannel program) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        InputStream in = Channels.newInputStream(program);
        for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
            line.write(next);
        }
        return line.toString(StandardCharsets.US_ASCII);
    }

    private static void say(SocketChannel to, String text) throws IOException {
        to.write(ByteBuffer.wrap((text + "\n").getBytes(StandardCharsets.US_ASCII)));
    }

    /** One connects to where the other listens, and both say a line. */
    private static void talk(Path caller, int port, Path served) throws IOException {
        try (ServerSocketChannel server = serve(Path.of(served + "_" + port));
                SocketChannel program = call(caller, port);
                SocketChannel other = server.accept()) {
            assertThat(line(program)).startsWith("OK ");
            say(program, "ping");
            assertThat(line(other)).isEqualTo("ping");
            say(other, "pong");
            assertThat(line(program)).isEqualTo("pong");
        } finally {
            Files.deleteIfExists(Path.of(served + "_" + port));
        }
    }

    @Test
    void hostAndDomainTalkOverThePortsOfTheirFlowsAndNoOthers() throws Exception {
        try (DaemonFixture.Running daemon = fixture("").start()) {
            daemon.await(HostSocketFlowTest::live);
            talk(guest(), 1, socket());
            talk(socket(), 7, guest());
            try (SocketChannel program = call(socket(), 8)) {
                assertThat(line(program)).isEmpty();
            }
            Snapshot seen = daemon.await(s -> DaemonFixture.flow(s, "out").units() > 16
                    && DaemonFixture.flow(s, "reply").units() > 16);
            assertThat(DaemonFixture.domain(seen, "a").state()).isEqualTo("running");
            String audit = daemon.audit();
            assertThat(audit).containsOnlyOnce("\"connectionRefused\"").contains("port 8 of the domain");
        }
        assertThat(socket()).doesNotExist();
    }

    @Test
    void theOperatorTakesTheWayInAwayAndGivesItBack() throws Exception {
        try (DaemonFixture.Running daemon = fixture("").start();
                PolicyDaemonClient client = daemon.client()) {
            daemon.await(HostSocketFlowTest::live);
            try (ServerSocketChannel server = serve(Path.of(guest() + "_7"));
                    SocketChannel program = call(socket(), 7);
                    SocketChannel other = server.accept()) {
                assertThat(line(program)).startsWith("OK ");
                client.revoke("in");
                assertThat(line(program)).isEmpty();
                assertThat(line(other)).isEmpty();
            } finally {
                Files.deleteIfExists(Path.of(guest() + "_7"));
            }
            daemon.await(s -> DaemonFixture.flow(s, "in").state().equals("revoked"));
            assertThat(socket()).doesNotExist();
            talk(guest(), 1, socket());
            client.open("in");
            daemon.await(s -> live(s) && DaemonFixture.flow(s, "in").openings() == 2);
            talk(socket(), 7, guest());
        }
    }

    @Test
    void aQuotaHoldsAsForAnyStream() throws Exception {
        try (DaemonFixture.Running daemon =
                fixture(", \"quota\": {\"bytes\": 1000, \"per\": \"1h\"}").start()) {
            daemon.await(HostSocketFlowTest::live);
            try (ServerSocketChannel server = serve(Path.of(socket() + "_1"));
                    SocketChannel program = call(guest(), 1);
                    SocketChannel other = server.accept()) {
                assertThat(line(program)).startsWith("OK ");
                program.write(ByteBuffer.allocate(4000));
                int came = Channels.newInputStream(other).readAllBytes().length;
                assertThat(came).isLessThan(1000);
            }
            Snapshot seen =
                    daemon.await(s -> DaemonFixture.flow(s, "out").state().equals("revoked"));
            assertThat(DaemonFixture.flow(seen, "out").units()).isLessThanOrEqualTo(1000);
        }
    }

    @Test
    void programsGetWhatADomainHasSentThatHasEnded() throws Exception {
        try (DaemonFixture.Running daemon = fixture("").start();
                PolicyDaemonClient client = daemon.client()) {
            daemon.await(HostSocketFlowTest::live);
            try (ServerSocketChannel server = serve(Path.of(socket() + "_1"));
                    SocketChannel program = call(guest(), 1);
                    SocketChannel other = server.accept()) {
                assertThat(line(program)).startsWith("OK ");
                // More than the socket has room for, so that the rest waits in the daemon.
                program.write(ByteBuffer.allocate(SENT));
                daemon.await(s -> DaemonFixture.flow(s, "out").units() > SENT);
                client.stop("a");
                assertThat(Channels.newInputStream(other).readAllBytes()).hasSize(SENT);
            }
            daemon.await(s -> DaemonFixture.flow(s, "out").state().equals("severed"));
        }
    }

    @Test
    void whatIsAtThePathAlreadyStaysAndTheFlowIsRefusedWithTheReason() throws Exception {
        DaemonFixture fixture = fixture("");
        Files.writeString(socket(), "mine");
        try (DaemonFixture.Running daemon = fixture.start()) {
            Snapshot seen =
                    daemon.await(s -> DaemonFixture.domain(s, "a").state().equals("running"));
            assertThat(DaemonFixture.flow(seen, "in").state()).isEqualTo("refused");
            assertThat(DaemonFixture.flow(seen, "out").state()).isEqualTo("live");
            assertThat(daemon.audit()).contains("EADDRINUSE");
        }
        assertThat(socket()).hasContent("mine");
    }

    @Test
    void aSocketThatADeadDaemonLeftIsTakenOver() throws Exception {
        DaemonFixture fixture = fixture("");
        serve(socket()).close();
        assertThat(socket()).exists();
        try (DaemonFixture.Running daemon = fixture.start()) {
            daemon.await(HostSocketFlowTest::live);
            talk(socket(), 7, guest());
        }
    }
}
