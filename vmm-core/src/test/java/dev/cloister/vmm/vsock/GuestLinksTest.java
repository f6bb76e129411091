package dev.cloister.vmm.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.devices.virtio.vsock.VsockPacket;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import dev.cloister.policy.model.FlowKind;
import dev.cloister.policy.model.PortRange;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.protocol.Direction;
import dev.cloister.policy.relay.Bounds;
import dev.cloister.policy.relay.Lane;
import dev.cloister.policy.relay.Relay;
import dev.cloister.policy.socket.PeerFrame;
import dev.cloister.policy.socket.PeerLinks;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two guests with a daemon's relay between them, and one whose peer is no VMM at all. */
class GuestLinksTest {
    private static final long SEED = 20_261_121;
    private static final int PORT = 1234;
    private static final int FROM = 5000;
    private static final int CAPACITY = 64 << 10;
    private static final int QUANTUM = 32 << 10;
    private static final int ROUNDS = 20;

    private final TestGuest desk = new TestGuest(5);
    private final TestGuest shop = new TestGuest(6);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private Relay relay;

    @BeforeEach
    void startRelay() throws Exception {
        relay = new Relay();
    }

    @AfterEach
    void close() {
        desk.close();
        shop.close();
        relay.close();
        threads.shutdownNow();
    }

    private CompletableFuture<Void> run(Runnable action) {
        return CompletableFuture.runAsync(action, threads);
    }

    private static ChannelConfig config(int index, String flow, Direction direction, ChannelConfig.Sockets sockets) {
        return new ChannelConfig(
                index,
                flow,
                FlowKind.STREAM,
                direction,
                "peer",
                new ChannelConfig.Window(0, 0, 1, CAPACITY),
                ChannelConfig.Limits.NONE,
                sockets);
    }

    private static ChannelConfig.Sockets ask(long peer, boolean answered) {
        return new ChannelConfig.Sockets(peer, List.of(new PortRange(PORT, PORT + 9)), "", answered);
    }

    private static ChannelConfig.Sockets say(long peer) {
        return new ChannelConfig.Sockets(peer, List.of(), "ask", false);
    }

    /** Joins two guests by one flow, as the daemon does. */
    private void join(TestGuest from, ChannelConfig out, TestGuest to, ChannelConfig in) throws Exception {
        Pipe source = Pipe.create();
        Pipe sink = Pipe.create(128 << 10);
        EventFd returned = EventFd.create();
        EventFd visible = EventFd.create();
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
        Lane bytes =
                relay.bytes(source.readEnd().duplicate(), sink.writeEnd().duplicate(), Bounds.NONE, QUANTUM, silent);
        relay.credits(returned.fd().duplicate(), visible.fd().duplicate(), 20_000, bytes, silent);
        from.node.carrier().declare(out);
        to.node.carrier().declare(in);
        from.node
                .carrier()
                .attach(
                        out,
                        source.writeEnd().duplicate(),
                        EventFd.adopt(visible.fd().duplicate()));
        to.node
                .carrier()
                .attach(
                        in,
                        sink.readEnd().duplicate(),
                        EventFd.adopt(returned.fd().duplicate()));
        source.close();
        sink.close();
        returned.close();
        visible.close();
    }

    private void talk(boolean answered) throws Exception {
        join(
                desk,
                config(0, "ask", Direction.OUT, ask(6, answered)),
                shop,
                config(0, "ask", Direction.IN, ask(5, answered)));
        if (answered) {
            join(shop, config(1, "say", Direction.OUT, say(5)), desk, config(1, "say", Direction.IN, say(6)));
        }
    }

    private void expect(TestGuest guest, int operation) {
        assertThat(guest.next().operation()).isEqualTo(operation);
    }

    private void connect() {
        desk.send(6, PORT, FROM, VsockPacket.REQUEST, 0);
        TestGuest.Packet asked = shop.next();
        assertThat(asked.operation()).isEqualTo(VsockPacket.REQUEST);
        assertThat(asked.cid()).isEqualTo(5);
        assertThat(asked.port()).isEqualTo(FROM);
        assertThat(asked.guestPort()).isEqualTo(PORT);
        shop.send(5, FROM, PORT, VsockPacket.RESPONSE, 0);
        expect(desk, VsockPacket.RESPONSE);
    }

    private static byte[] random(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    /** Reads what comes to a guest until there are so many bytes. */
    private static byte[] gather(TestGuest guest, long from, int port, int own, int length) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        while (all.size() < length) {
            TestGuest.Packet packet = guest.next();
            assertThat(packet.operation()).isEqualTo(VsockPacket.RW);
            all.writeBytes(packet.data());
            guest.credit(from, port, own);
        }
        return all.toByteArray();
    }

    @Test
    void twoGuestsTalkBothWaysAtOnceHalfCloseAndEnd() throws Exception {
        talk(true);
        connect();
        byte[] question = random(3_000_000, SEED);
        byte[] answer = random(2_000_000, SEED + 1);
        CompletableFuture<Void> asking = run(() -> desk.pour(6, PORT, FROM, question));
        CompletableFuture<Void> saying = run(() -> shop.pour(5, FROM, PORT, answer));
        CompletableFuture<byte[]> heard =
                CompletableFuture.supplyAsync(() -> gather(desk, 6, PORT, FROM, answer.length), threads);
        assertThat(gather(shop, 5, FROM, PORT, question.length)).isEqualTo(question);
        assertThat(heard.get()).isEqualTo(answer);
        asking.get();
        saying.get();
        desk.send(6, PORT, FROM, VsockPacket.SHUTDOWN, VsockPacket.NO_SEND);
        TestGuest.Packet half = shop.next();
        assertThat(half.operation()).isEqualTo(VsockPacket.SHUTDOWN);
        assertThat(half.flags()).isEqualTo(VsockPacket.NO_SEND);
        shop.send(5, FROM, PORT, VsockPacket.RW, 0, new byte[] {42});
        assertThat(desk.next().data()).containsExactly(42);
        shop.send(5, FROM, PORT, VsockPacket.SHUTDOWN, VsockPacket.NO_SEND | VsockPacket.NO_RECEIVE);
        expect(shop, VsockPacket.RST);
        expect(desk, VsockPacket.RST);
        assertThat(desk.violations).isEmpty();
        assertThat(shop.violations).isEmpty();
    }

    @Test
    void whatNoFlowAllowsIsRefusedAtOnceAndReportedAndWhatNobodyServesIsNot() throws Exception {
        talk(true);
        desk.send(6, PORT + 10, FROM, VsockPacket.REQUEST, 0);
        expect(desk, VsockPacket.RST);
        desk.send(2, PORT, FROM, VsockPacket.REQUEST, 0);
        expect(desk, VsockPacket.RST);
        shop.send(5, PORT, FROM, VsockPacket.REQUEST, 0);
        expect(shop, VsockPacket.RST);
        assertThat(desk.violations)
                .containsExactly(
                        "connection-refused: connection to port 1244 of context id 6: no flow of this domain allows it",
                        "connection-refused: connection to port 1234 of context id 2: no flow of this domain allows"
                                + " it");
        assertThat(shop.violations).hasSize(1);
        desk.send(6, PORT + 1, FROM, VsockPacket.REQUEST, 0);
        expect(shop, VsockPacket.REQUEST);
        shop.send(5, FROM, PORT + 1, VsockPacket.RST, 0);
        expect(desk, VsockPacket.RST);
        assertThat(desk.violations).hasSize(2);
    }

    @Test
    void aGuestThatAsksForeverCostsAFewReports() throws Exception {
        talk(true);
        for (int i = 0; i < 2000; i++) {
            desk.send(7, i, FROM, VsockPacket.REQUEST, 0);
            expect(desk, VsockPacket.RST);
        }
        // Eight at once and four in a second, and it took no two minutes.
        assertThat(desk.violations).hasSizeBetween(1, 500);
    }

    @Test
    void aGuestGoesOnWhenTheStreamWasEmptiedBeforeAnybodyWaitedForIt() throws Exception {
        Pipe pipe = Pipe.create(CAPACITY);
        ChannelConfig out = config(0, "ask", Direction.OUT, ask(6, false));
        desk.node.carrier().declare(out);
        desk.node.carrier().attach(out, pipe.writeEnd().duplicate(), EventFd.create());
        desk.send(6, PORT, FROM, VsockPacket.REQUEST, 0);
        expect(desk, VsockPacket.RESPONSE);
        byte[] third = random(48 << 10, SEED + 3);
        try (Arena arena = Arena.ofConfined();
                Pipe reader = pipe) {
            MemorySegment buffer = arena.allocate(CAPACITY);
            ByteArrayOutputStream came = new ByteArrayOutputStream();
            for (int sent = 0; sent < ROUNDS * 3 * third.length; sent += 3 * third.length) {
                desk.node.device().run(_ -> {
                    // More than the pipe and what waits in front of it have room for.
                    for (int i = 0; i < 3; i++) {
                        desk.send(6, PORT, FROM, VsockPacket.RW, 0, third);
                    }
                    drain(reader, buffer, came);
                });
                while (frames(came.toByteArray()) < sent + 3 * third.length) {
                    assertThat(Poller.await(reader.readEnd(), Poller.IN, 60_000))
                            .isEqualTo(Poller.IN);
                    drain(reader, buffer, came);
                }
            }
        }
    }

    private static void drain(Pipe pipe, MemorySegment buffer, ByteArrayOutputStream to) {
        try {
            int count = Pipe.read(pipe.readEnd(), buffer);
            to.writeBytes(buffer.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE));
        } catch (ErrnoException e) {
            throw new AssertionError(e);
        }
    }

    /** Counts the bytes of connections in whole frames. */
    private static int frames(byte[] stream) {
        ByteBuffer frames = ByteBuffer.wrap(stream).order(ByteOrder.LITTLE_ENDIAN);
        int data = 0;
        int at = 0;
        while (at + PeerFrame.HEADER_BYTES <= stream.length) {
            int bytes = frames.getInt(at) == PeerFrame.DATA ? frames.getInt(at + 8) : 0;
            at += PeerFrame.HEADER_BYTES + bytes;
            data += at <= stream.length ? bytes : 0;
        }
        return data;
    }

    @Test
    void aFlowWithoutAnAnswerAcceptsForTheOtherSideAndTellsNothingOfIt() throws Exception {
        talk(false);
        desk.send(6, PORT, FROM, VsockPacket.REQUEST, 0);
        expect(desk, VsockPacket.RESPONSE);
        expect(shop, VsockPacket.REQUEST);
        shop.send(5, FROM, PORT, VsockPacket.RESPONSE, 0);
        TestGuest.Packet deaf = shop.next();
        assertThat(deaf.operation()).isEqualTo(VsockPacket.SHUTDOWN);
        assertThat(deaf.flags()).isEqualTo(VsockPacket.NO_RECEIVE);
        byte[] news = random(1_000_000, SEED + 2);
        CompletableFuture<Void> telling = run(() -> desk.pour(6, PORT, FROM, news));
        assertThat(gather(shop, 5, FROM, PORT, news.length)).isEqualTo(news);
        telling.get();
        // A guest that writes all the same is cut off; its sender goes on, for nobody.
        shop.send(5, FROM, PORT, VsockPacket.RW, 0, new byte[1]);
        expect(shop, VsockPacket.RST);
        desk.send(6, PORT, FROM, VsockPacket.RW, 0, new byte[1000]);
        desk.send(6, PORT + 1, FROM, VsockPacket.REQUEST, 0);
        expect(desk, VsockPacket.RESPONSE);
        expect(shop, VsockPacket.REQUEST);
        shop.send(5, FROM, PORT + 1, VsockPacket.RST, 0);
        desk.send(6, PORT, FROM, VsockPacket.SHUTDOWN, VsockPacket.NO_SEND);
        TestGuest.Packet end = desk.next();
        assertThat(end.operation()).isEqualTo(VsockPacket.SHUTDOWN);
        expect(desk, VsockPacket.RST);
        assertThat(shop.violations).isEmpty();
    }

    @Test
    void aSlowConnectionHoldsUpNoOtherWhereTheFlowIsAnswered() throws Exception {
        talk(true);
        connect();
        for (int i = 0; i < 3; i++) {
            desk.send(6, PORT, FROM, VsockPacket.RW, 0, new byte[20_000]);
        }
        desk.send(6, PORT + 2, FROM + 1, VsockPacket.REQUEST, 0);
        TestGuest.Packet packet = shop.next();
        while (packet.operation() == VsockPacket.RW) {
            packet = shop.next();
        }
        assertThat(packet.guestPort()).isEqualTo(PORT + 2);
    }

    @Test
    void aStreamThatIsTakenAwayEndsItsConnectionsAtBothEndsAndAnotherOpeningWorks() throws Exception {
        talk(true);
        connect();
        ChannelConfig out = config(0, "ask", Direction.OUT, ask(6, true));
        ChannelConfig in = config(0, "ask", Direction.IN, ask(5, true));
        desk.node.carrier().sever(out);
        shop.node.carrier().sever(in);
        expect(desk, VsockPacket.RST);
        expect(shop, VsockPacket.RST);
        desk.send(6, PORT, FROM, VsockPacket.REQUEST, 0);
        expect(desk, VsockPacket.RST);
        assertThat(desk.violations).isEmpty();
        join(desk, out, shop, in);
        connect();
    }

    @Test
    void moreConnectionsThanALinkHasAreRefused() throws Exception {
        talk(true);
        for (int i = 0; i < PeerLinks.MAX_CONNECTIONS; i++) {
            desk.send(6, PORT, FROM + i, VsockPacket.REQUEST, 0);
            expect(shop, VsockPacket.REQUEST);
        }
        desk.send(6, PORT, FROM - 1, VsockPacket.REQUEST, 0);
        TestGuest.Packet refused = desk.next();
        assertThat(refused.operation()).isEqualTo(VsockPacket.RST);
        assertThat(refused.guestPort()).isEqualTo(FROM - 1);
        shop.send(5, FROM, PORT, VsockPacket.RST, 0);
        expect(desk, VsockPacket.RST);
        desk.send(6, PORT, FROM - 1, VsockPacket.REQUEST, 0);
        expect(shop, VsockPacket.REQUEST);
    }

    /** A stream whose other end is the test. */
    private Pipe hostile(boolean answered) throws Exception {
        Pipe pipe = Pipe.create();
        ChannelConfig in = config(0, "ask", Direction.IN, ask(5, answered));
        shop.node.carrier().declare(in);
        shop.node.carrier().attach(in, pipe.readEnd(), EventFd.create());
        if (answered) {
            Pipe back = Pipe.create();
            ChannelConfig out = config(1, "say", Direction.OUT, say(5));
            shop.node.carrier().declare(out);
            shop.node.carrier().attach(out, back.writeEnd(), EventFd.create());
        }
        return pipe;
    }

    private static void put(Pipe pipe, int... words) throws Exception {
        byte[] bytes = new byte[words.length * 4];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (words[i / 4] >>> i % 4 * 8);
        }
        Pipe.write(pipe.writeEnd(), bytes, 0, bytes.length);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0 1 0 0",
                "7 1 0 0",
                "1 9 5000 99",
                "1 1 5001 1234",
                "2 1 0 0",
                "3 1 0 0",
                "3 1 32769 0",
                "3 1 1 1",
                "4 1 1 0",
                "4 1 0 0",
                "5 1 1 0",
                "6 1 0 1",
                "5 1 0 0 5 1 0 0",
            })
    void aPeerThatBreaksTheContractLosesItsConnectionsAndIsReported(String frames) throws Exception {
        Pipe pipe = hostile(true);
        put(pipe, PeerFrame.OPEN, 1, FROM, PORT);
        expect(shop, VsockPacket.REQUEST);
        shop.send(5, FROM, PORT, VsockPacket.RESPONSE, 0);
        put(
                pipe,
                List.of(frames.split(" ")).stream().mapToInt(Integer::parseInt).toArray());
        TestGuest.Packet packet = shop.next();
        while (packet.operation() != VsockPacket.RST) {
            packet = shop.next();
        }
        assertThat(shop.violations).hasSize(1).first().asString().startsWith("ring-corrupt: stream ask: frame ");
        pipe.writeEnd().close();
    }

    @Test
    void aPeerThatSendsMoreThanItsWindowIsCutOff() throws Exception {
        Pipe pipe = hostile(true);
        put(pipe, PeerFrame.OPEN, 1, FROM, PORT);
        expect(shop, VsockPacket.REQUEST);
        shop.send(5, FROM, PORT, VsockPacket.RESPONSE, 0);
        byte[] most = new byte[PeerFrame.HEADER_BYTES + PeerFrame.MAX_DATA];
        most[0] = PeerFrame.DATA;
        most[4] = 1;
        most[9] = (byte) (PeerFrame.MAX_DATA >> 8);
        // The guest takes a MiB, and never says that it has taken it.
        int sent = 0;
        while (shop.violations.isEmpty()) {
            sent = (sent + Pipe.write(pipe.writeEnd(), most, sent, most.length - sent)) % most.length;
            Poller.await(pipe.writeEnd(), Poller.OUT, 100);
        }
        assertThat(shop.violations.getFirst()).contains("frame 3");
        pipe.writeEnd().close();
    }

    @Test
    void anythingAPeerSendsLeavesTheGuestsOtherLinkWorking() throws Exception {
        for (int round = 0; round < 50; round++) {
            long seed = SEED + round;
            Random random = new Random(seed);
            Pipe pipe = hostile(random.nextBoolean());
            for (int i = 0; i < 100; i++) {
                put(
                        pipe,
                        random.nextInt(8),
                        random.nextInt(4),
                        random.nextInt(3) == 0 ? random.nextInt() : random.nextInt(50),
                        random.nextInt(2) * PORT);
            }
            pipe.writeEnd().close();
            shop.node.carrier().sever(config(0, "ask", Direction.IN, ask(5, true)));
            shop.node.carrier().sever(config(1, "say", Direction.OUT, say(5)));
        }
        talk(true);
        desk.send(6, PORT, FROM, VsockPacket.REQUEST, 0);
        TestGuest.Packet packet = shop.next();
        while (packet.port() != FROM || packet.operation() != VsockPacket.REQUEST) {
            packet = shop.next();
        }
        shop.send(5, FROM, PORT, VsockPacket.RESPONSE, 0);
        expect(desk, VsockPacket.RESPONSE);
    }
}
