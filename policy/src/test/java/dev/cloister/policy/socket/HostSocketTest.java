package dev.cloister.policy.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.linux.EventFd;
import dev.cloister.linux.Pipe;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.PortRange;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.relay.Bounds;
import dev.cloister.policy.relay.Lane;
import dev.cloister.policy.relay.Relay;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Programs at two sockets of a host with a daemon's relay between them, so that each side is at either end. */
@Timeout(600)
class HostSocketTest {
    private static final long SEED = 20_261_121;
    private static final int PORT = 1234;
    private static final int CAPACITY = 64 << 10;
    private static final int QUANTUM = 32 << 10;
    private static final long PATIENCE_SECONDS = 60;

    @TempDir
    private Path folder;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
    private Relay relay;
    private HostSocket desk;
    private HostSocket shop;

    @BeforeEach
    void make() throws Exception {
        relay = new Relay();
        desk = socket("desk");
        shop = socket("shop");
    }

    private HostSocket socket(String name) {
        return new HostSocket(name, folder.resolve(name), new HostSocket.Listener() {
            @Override
            public void refused(long port) {
                told.add(name + " refused " + port);
            }

            @Override
            public void broken(String how) {
                told.add(name + " broken " + how);
            }
        });
    }

    @AfterEach
    void close() {
        desk.close();
        shop.close();
        relay.close();
        threads.shutdownNow();
    }

    private static ChannelConfig config(int index, Direction direction, ChannelConfig.Sockets sockets) {
        return new ChannelConfig(
                index,
                sockets.answers().isEmpty() ? "ask" : "say",
                FlowKind.STREAM,
                direction,
                "peer",
                new ChannelConfig.Window(0, 0, 1, CAPACITY),
                new ChannelConfig.Limits(0, 0, 0, ChannelConfig.Quota.NONE),
                sockets);
    }

    private static ChannelConfig.Sockets ask(long peer, boolean answered) {
        return new ChannelConfig.Sockets(peer, List.of(new PortRange(PORT, PORT + 9)), "", answered);
    }

    private static ChannelConfig.Sockets say(long peer) {
        return new ChannelConfig.Sockets(peer, List.of(), "ask", false);
    }

    private void join(HostSocket from, HostSocket to, int index, ChannelConfig.Sockets out, ChannelConfig.Sockets in)
            throws Exception {
        Lane.Listener silent = new Lane.Listener() {
            @Override
            public void hungry() {
                // No quota.
            }

            @Override
            public void ended(String reason) {
                // The test ends it.
            }

            @Override
            public void violated(String how) {
                throw new AssertionError(how);
            }
        };
        try (Pipe source = Pipe.create();
                Pipe sink = Pipe.create(128 << 10);
                EventFd returned = EventFd.create();
                EventFd visible = EventFd.create()) {
            Lane bytes = relay.bytes(
                    source.readEnd().duplicate(), sink.writeEnd().duplicate(), Bounds.NONE, QUANTUM, silent);
            relay.credits(returned.fd().duplicate(), visible.fd().duplicate(), 20_000, bytes, silent);
            from.attach(
                    config(index, Direction.OUT, out),
                    source.writeEnd().duplicate(),
                    EventFd.adopt(visible.fd().duplicate()));
            to.attach(
                    config(index, Direction.IN, in),
                    sink.readEnd().duplicate(),
                    EventFd.adopt(returned.fd().duplicate()));
        }
    }

    private void talk(boolean answered) throws Exception {
        join(desk, shop, 0, ask(6, answered), ask(5, answered));
        if (answered) {
            join(shop, desk, 1, say(5), say(6));
        }
    }

    private ServerSocketChannel serve(int port) throws IOException {
        return ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                .bind(UnixDomainSocketAddress.of(folder.resolve("shop_" + port)));
    }

    /** A program of the desk that has said what it wants. */
    private SocketChannel call(int port) throws IOException {
        SocketChannel program = SocketChannel.open(UnixDomainSocketAddress.of(folder.resolve("desk")));
        program.write(ByteBuffer.wrap(("CONNECT " + port + "\n").getBytes(StandardCharsets.US_ASCII)));
        return program;
    }

    /** The answer; empty for none. */
    private static String line(SocketChannel program) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        InputStream in = Channels.newInputStream(program);
        try {
            for (int next = in.read(); next >= 0 && next != '\n'; next = in.read()) {
                line.write(next);
            }
        } catch (SocketException e) {
            // It was closed with bytes that nobody had read.
            return "";
        }
        return line.toString(StandardCharsets.US_ASCII);
    }

    private static byte[] random(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private CompletableFuture<byte[]> all(SocketChannel from) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return Channels.newInputStream(from).readAllBytes();
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                },
                threads);
    }

    private CompletableFuture<Void> pour(SocketChannel to, byte[] bytes) {
        return CompletableFuture.runAsync(
                () -> {
                    try {
                        Channels.newOutputStream(to).write(bytes);
                        to.shutdownOutput();
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                },
                threads);
    }

    private String told() throws InterruptedException {
        return told.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    @Test
    void programsTalkBothWaysAtOnceAndEachHalfEndsByItself() throws Exception {
        talk(true);
        byte[] question = random(3_000_000, SEED);
        byte[] answer = random(2_000_000, SEED + 1);
        try (ServerSocketChannel server = serve(PORT);
                SocketChannel program = call(PORT);
                SocketChannel served = server.accept()) {
            assertThat(line(program)).matches("OK [0-9]+");
            CompletableFuture<byte[]> asked = all(served);
            CompletableFuture<byte[]> heard = all(program);
            CompletableFuture<Void> asking = pour(program, question);
            assertThat(asked.get()).isEqualTo(question);
            asking.get();
            pour(served, answer).get();
            assertThat(heard.get()).isEqualTo(answer);
        }
        assertThat(told).isEmpty();
    }

    @Test
    void manyProgramsAtOnceAndOneThatDoesNotReadHoldsUpNoOther() throws Exception {
        talk(true);
        try (ServerSocketChannel server = serve(PORT);
                SocketChannel slow = call(PORT);
                SocketChannel unread = server.accept()) {
            assertThat(line(slow)).startsWith("OK ");
            CompletableFuture<Void> stuck = pour(slow, random(4_000_000, SEED + 2));
            for (int i = 0; i < 3 * PeerLinks.MAX_CONNECTIONS; i++) {
                byte[] bytes = random(100_000, SEED + i);
                try (SocketChannel program = call(PORT);
                        SocketChannel served = server.accept()) {
                    assertThat(line(program))
                            .as("round %s, seed %s", i, SEED + i)
                            .startsWith("OK ");
                    CompletableFuture<byte[]> came = all(served);
                    pour(program, bytes).get();
                    assertThat(came.get()).as("round %s, seed %s", i, SEED + i).isEqualTo(bytes);
                }
            }
            assertThat(stuck).isNotDone();
            assertThat(all(unread).get()).hasSize(4_000_000);
        }
    }

    @Test
    void whatNoFlowAllowsAndWhatNobodyServesIsRefusedAndOnlyTheFirstIsTold() throws Exception {
        talk(true);
        try (SocketChannel program = call(PORT + 10)) {
            assertThat(line(program)).isEmpty();
        }
        assertThat(told()).isEqualTo("desk refused " + (PORT + 10));
        try (SocketChannel program = call(PORT + 1)) {
            assertThat(line(program)).isEmpty();
        }
        try (SocketChannel program = SocketChannel.open(UnixDomainSocketAddress.of(folder.resolve("desk")))) {
            program.write(ByteBuffer.wrap("CONNECT x\n".getBytes(StandardCharsets.US_ASCII)));
            assertThat(line(program)).isEmpty();
        }
        assertThat(told).isEmpty();
        assertThat(folder.resolve("shop")).doesNotExist();
    }

    @Test
    void oneDirectionAloneCarriesBytesAndNothingBack() throws Exception {
        talk(false);
        byte[] news = random(1_000_000, SEED + 3);
        try (ServerSocketChannel server = serve(PORT);
                SocketChannel program = call(PORT);
                SocketChannel served = server.accept()) {
            assertThat(line(program)).startsWith("OK ");
            program.write(ByteBuffer.wrap(new byte[1]));
            assertThat(served.read(ByteBuffer.allocate(1))).isEqualTo(1);
            assertThatThrownBy(() -> served.write(ByteBuffer.wrap(new byte[1]))).isInstanceOf(IOException.class);
            CompletableFuture<byte[]> came = all(served);
            pour(program, news).get();
            assertThat(came.get()).isEqualTo(news);
            assertThat(all(program).get()).isEmpty();
        }
        // Nobody listens, which the sender doesn't learn.
        try (SocketChannel program = call(PORT + 1)) {
            assertThat(line(program)).startsWith("OK ");
            pour(program, news).get();
        }
    }

    @Test
    void aFlowThatIsTakenAwayEndsItsConnectionsAndTheListening() throws Exception {
        talk(true);
        try (ServerSocketChannel server = serve(PORT);
                SocketChannel program = call(PORT);
                SocketChannel served = server.accept()) {
            assertThat(line(program)).startsWith("OK ");
            desk.sever(config(0, Direction.OUT, ask(6, true)));
            assertThat(folder.resolve("desk")).doesNotExist();
            assertThat(line(program)).isEmpty();
            shop.sever(config(0, Direction.IN, ask(5, true)));
            assertThat(line(served)).isEmpty();
            desk.sever(config(1, Direction.IN, say(6)));
            shop.sever(config(1, Direction.OUT, say(5)));
            talk(true);
            try (SocketChannel again = call(PORT);
                    SocketChannel other = server.accept()) {
                assertThat(line(again)).startsWith("OK ");
                assertThat(other.isConnected()).isTrue();
            }
        }
    }

    @Test
    void whatIsSaidOnConnectionsThatWereCutIsDroppedAndNobodyIsBlamed() throws Exception {
        talk(true);
        try (ServerSocketChannel server = serve(PORT);
                SocketChannel program = call(PORT);
                SocketChannel served = server.accept()) {
            assertThat(line(program)).startsWith("OK ");
            CompletableFuture<Void> pouring = CompletableFuture.runAsync(
                    () -> assertThatThrownBy(
                                    () -> Channels.newOutputStream(served).write(new byte[64 << 20]))
                            .isInstanceOf(IOException.class),
                    threads);
            InputStream in = Channels.newInputStream(program);
            assertThat(in.readNBytes(100_000)).hasSize(100_000);
            desk.sever(config(0, Direction.OUT, ask(6, true)));
            shop.sever(config(0, Direction.IN, ask(5, true)));
            pouring.get();
            join(desk, shop, 0, ask(6, true), ask(5, true));
            try (SocketChannel again = call(PORT);
                    SocketChannel other = server.accept()) {
                assertThat(line(again)).startsWith("OK ");
                assertThat(other.isConnected()).isTrue();
            }
        }
        assertThat(told).isEmpty();
    }

    @Test
    void aProgramWaitsUntilTheFlowIsAnswered() throws Exception {
        join(desk, shop, 0, ask(6, true), ask(5, true));
        try (ServerSocketChannel server = serve(PORT);
                SocketChannel program = call(PORT)) {
            join(shop, desk, 1, say(5), say(6));
            try (SocketChannel served = server.accept()) {
                assertThat(line(program)).startsWith("OK ");
                assertThat(served.isConnected()).isTrue();
            }
        }
    }

    @Test
    void whatIsAtThePathAlreadyStaysThereAndTheFlowCannotBeOpened() throws Exception {
        Files.writeString(folder.resolve("desk"), "mine");
        assertThatThrownBy(() -> talk(true)).isInstanceOf(IOException.class).hasMessageContaining("EADDRINUSE");
        assertThat(folder.resolve("desk")).hasContent("mine");
    }

    @Test
    void anythingAVmmSendsLeavesTheSocketWorking() throws Exception {
        for (int round = 0; round < 50; round++) {
            long seed = SEED + round;
            Random random = new Random(seed);
            boolean answered = random.nextBoolean();
            ChannelConfig in = config(0, Direction.IN, ask(5, answered));
            ChannelConfig out = config(1, Direction.OUT, say(5));
            Pipe back = Pipe.create();
            try (Pipe pipe = Pipe.create();
                    ServerSocketChannel server = serve(PORT)) {
                shop.attach(in, pipe.readEnd().duplicate(), EventFd.create());
                if (answered) {
                    shop.attach(out, back.writeEnd().duplicate(), EventFd.create());
                }
                put(pipe, PeerFrame.OPEN, 1, 99, PORT);
                for (int i = 0; i < 100; i++) {
                    put(
                            pipe,
                            random.nextInt(8),
                            random.nextInt(4),
                            random.nextInt(3) == 0 ? random.nextInt() : random.nextInt(50),
                            random.nextInt(2) * PORT);
                }
                server.accept().close();
            }
            back.close();
            shop.sever(in);
            shop.sever(out);
            Files.delete(folder.resolve("shop_" + PORT));
        }
        programsTalkBothWaysAtOnceAfterwards();
    }

    private void programsTalkBothWaysAtOnceAfterwards() throws Exception {
        told.clear();
        programsTalkBothWaysAtOnceAndEachHalfEndsByItself();
    }

    private static void put(Pipe pipe, int... words) throws IOException {
        byte[] bytes = new byte[words.length * 4];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (words[i / 4] >>> i % 4 * 8);
        }
        Pipe.write(pipe.writeEnd(), bytes, 0, bytes.length);
    }
}
