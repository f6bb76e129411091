package dev.cloister.policy.daemon.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.policy.protocol.ControlCodec;
import dev.cloister.policy.protocol.ControlReply;
import dev.cloister.policy.protocol.ControlRequest;
import dev.cloister.policy.protocol.Snapshot;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients that are slow, silent, half-gone or many: none of them keeps another from its answer. */
@Timeout(300)
class ControlServerTest {
    private static final String PS = "{\"command\":\"ps\"}\n";
    private static final int MANY = 60;

    @TempDir
    Path folder;

    private final ConcurrentLinkedQueue<Consumer<ControlReply>> questions = new ConcurrentLinkedQueue<>();
    private final CountDownLatch asked = new CountDownLatch(1);
    private volatile boolean answers = true;
    private ControlServer server;
    private Path socket;

    @BeforeEach
    void begin() throws IOException {
        socket = folder.resolve("control.sock");
        server = new ControlServer(socket, new ControlServer.Backend() {
            @Override
            public void ask(ControlRequest request, Consumer<ControlReply> answer) {
                if (answers) {
                    answer.accept(big());
                } else {
                    questions.add(answer);
                    asked.countDown();
                }
            }

            @Override
            public void console(ControlClient client, int asked, ControlRequest request, String user) {
                throw new AssertionError("nobody asked for a console");
            }
        });
    }

    @AfterEach
    void end() {
        server.close();
    }

    private static ControlReply big() {
        return new ControlReply.Done("x".repeat(60_000));
    }

    private SocketChannel connect() throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(socket));
    }

    private static void send(SocketChannel client, String text) throws IOException {
        client.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static String line(SocketChannel client) throws IOException {
        return new BufferedReader(new InputStreamReader(Channels.newInputStream(client), StandardCharsets.UTF_8))
                .readLine();
    }

    @Test
    void clientsThatDoNotReadKeepNobodyWaiting() throws Exception {
        List<SocketChannel> rude = new ArrayList<>();
        for (int i = 0; i < MANY; i++) {
            SocketChannel client = connect();
            send(client, PS.repeat(MANY));
            rude.add(client);
        }
        try (SocketChannel polite = connect()) {
            send(polite, PS);
            assertThat(ControlCodec.decodeReply(line(polite))).isEqualTo(big());
        }
        long threads = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("control"))
                .count();
        assertThat(threads).as("threads of the server").isEqualTo(1);
        for (SocketChannel client : rude) {
            client.close();
        }
    }

    @Test
    void requestsOfOneClientAreAnsweredOneByOneAndInOrder() throws Exception {
        answers = false;
        try (SocketChannel client = connect()) {
            send(client, PS + PS + "{\"command\":\"fly\"}\n");
            BufferedReader lines =
                    new BufferedReader(new InputStreamReader(Channels.newInputStream(client), StandardCharsets.UTF_8));
            assertThat(asked.await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(questions).hasSize(1);
            questions.remove().accept(new ControlReply.Done("first"));
            assertThat(lines.readLine()).contains("first");
            Consumer<ControlReply> second = questions.poll();
            while (second == null) {
                Thread.onSpinWait();
                second = questions.poll();
            }
            second.accept(new ControlReply.Done("second"));
            second.accept(new ControlReply.Done("never"));
            assertThat(lines.readLine()).contains("second");
            assertThat(lines.readLine()).contains("bad-request");
        }
    }

    @Test
    void aClientThatHasShutItsSideStillGetsItsAnswer() throws Exception {
        answers = false;
        try (SocketChannel client = connect()) {
            send(client, PS);
            assertThat(asked.await(20, TimeUnit.SECONDS)).isTrue();
            client.shutdownOutput();
            questions.remove().accept(new ControlReply.Done("late"));
            BufferedReader lines =
                    new BufferedReader(new InputStreamReader(Channels.newInputStream(client), StandardCharsets.UTF_8));
            assertThat(lines.readLine()).contains("late");
            assertThat(lines.readLine()).isNull();
        }
    }

    @Test
    void theEndIsToldToThoseWhoWatchAndThoseWhoWait() throws Exception {
        Snapshot last = new Snapshot("p", "d", 7, 1, 2, false, 3, "h", List.of(), List.of(), List.of());
        try (SocketChannel watching = connect();
                SocketChannel waiting = connect()) {
            send(watching, "{\"command\":\"watch\",\"intervalMillis\":60000}\n");
            assertThat(ControlCodec.decodeReply(line(watching))).isEqualTo(big());
            answers = false;
            send(waiting, PS);
            assertThat(asked.await(20, TimeUnit.SECONDS)).isTrue();
            server.finish(last);
            assertThat(ControlCodec.decodeReply(line(watching))).isEqualTo(new ControlReply.State(last));
            assertThat(line(waiting)).contains("the daemon has ended");
        }
    }
}
