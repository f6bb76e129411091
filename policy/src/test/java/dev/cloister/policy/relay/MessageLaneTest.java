package dev.cloister.policy.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import dev.cloister.policy.channel.RecordRing;
import dev.cloister.policy.channel.WireFrame;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Random;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages through the relay, against a model of two queues, with real pipes. */
@Timeout(300)
class MessageLaneTest {
    private static final int MOST = 1000;
    private static final int QUEUE = 32;
    private static final Messages PLAIN = new Messages(MOST, Messages.Excess.WAITS, false);
    private static final Messages LOG = new Messages(MOST, Messages.Excess.DROPPED, true);

    private final LinkedBlockingQueue<String> told = new LinkedBlockingQueue<>();
    private final Lane.Listener listener = new Lane.Listener() {
        @Override
        public void hungry() {
            told.add("hungry");
        }

        @Override
        public void ended(String reason) {
            told.add("ended");
        }

        @Override
        public void violated(String how) {
            told.add("violated");
        }
    };
    private Relay relay;
    private Pipe from;
    private Pipe to;

    @BeforeEach
    void begin() throws Exception {
        relay = new Relay();
        from = Pipe.packets(QUEUE);
        to = Pipe.packets(QUEUE);
    }

    @AfterEach
    void end() {
        relay.close();
        from.close();
        to.close();
    }

    /** What came out: the losses told before it, and the payload. */
    private record Came(long lost, byte[] payload) {
        String text() {
            return new String(payload, StandardCharsets.US_ASCII);
        }
    }

    private Lane lane(Bounds bounds, Messages messages, @Nullable EventFd notice) throws ErrnoException {
        return relay.messages(
                from.readEnd().duplicate(),
                to.writeEnd().duplicate(),
                bounds,
                messages,
                notice == null ? null : notice.fd().duplicate(),
                listener);
    }

    private boolean send(byte[] message) throws ErrnoException {
        return Pipe.write(from.writeEnd(), message, 0, message.length) == message.length;
    }

    private boolean send(String message) throws ErrnoException {
        return send(message.getBytes(StandardCharsets.ISO_8859_1));
    }

    private @Nullable Came receive() throws ErrnoException {
        byte[] packet = new byte[Pipe.MOST_PACKET];
        int count = Pipe.read(to.readEnd(), packet, 0, packet.length);
        if (count <= 0) {
            return null;
        }
        long lost = Integer.toUnsignedLong(
                ByteBuffer.wrap(packet).order(ByteOrder.LITTLE_ENDIAN).getInt());
        return new Came(lost, Arrays.copyOfRange(packet, Messages.PREFIX, count));
    }

    private Came await() throws ErrnoException {
        Came came = receive();
        while (came == null) {
            Poller.await(to.readEnd(), Poller.IN, -1);
            came = receive();
        }
        return came;
    }

    /** Waits until the relay has looked at its lanes again, after whatever was done before. */
    private void settle() {
        long seen = relay.turns();
        while (relay.turns() < seen + 4) {
            relay.nudge();
            Thread.onSpinWait();
        }
    }

    /** Waits until so many units have passed and so many messages are lost. */
    private static void until(Lane lane, long moved, long lost, String when) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (lane.moved() != moved || lane.held() != lost) {
            if (System.nanoTime() > end) {
                assertThat(lane.moved()).as("%s: units that passed", when).isEqualTo(moved);
                assertThat(lane.held()).as("%s: messages lost", when).isEqualTo(lost);
            }
            Thread.onSpinWait();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {31, 32, 33})
    void messagesPassWholeInOrderAndLossesAreTold(long seed) throws Exception {
        Random random = new Random(seed);
        Lane lane = lane(Bounds.NONE, PLAIN, null);
        Deque<byte[]> queue = new ArrayDeque<>();
        Deque<Long> losses = new ArrayDeque<>();
        long lost = 0;
        long lostInAll = 0;
        long moved = 0;
        for (int step = 0; step < 400; step++) {
            int burst = random.nextInt(20);
            for (int i = 0; i < burst; i++) {
                byte[] message = new byte[1 + random.nextInt(MOST + 20)];
                random.nextBytes(message);
                assertThat(send(message)).as("seed %d, step %d", seed, step).isTrue();
                if (message.length > MOST || queue.size() == QUEUE) {
                    lost++;
                    lostInAll++;
                } else {
                    queue.add(message);
                    losses.add(lost);
                    lost = 0;
                    moved += message.length + Messages.HEADER;
                }
            }
            until(lane, moved, lostInAll, "seed %d, step %d".formatted(seed, step));
            for (int i = random.nextInt(24); i > 0 && !queue.isEmpty(); i--) {
                Came came = await();
                assertThat(came.payload()).as("seed %d, step %d", seed, step).isEqualTo(queue.remove());
                assertThat(came.lost()).as("seed %d, step %d", seed, step).isEqualTo(losses.remove());
            }
            if (queue.isEmpty()) {
                assertThat(receive()).isNull();
            }
        }
        assertThat(lostInAll).isPositive();
    }

    private byte[] awaitFrame() throws ErrnoException {
        byte[] packet = new byte[Pipe.MOST_PACKET];
        int count = Pipe.read(to.readEnd(), packet, 0, packet.length);
        while (count == 0) {
            Poller.await(to.readEnd(), Poller.IN, -1);
            count = Pipe.read(to.readEnd(), packet, 0, packet.length);
        }
        return Arrays.copyOf(packet, count);
    }

    @ParameterizedTest
    @ValueSource(longs = {51, 52, 53})
    void framesPassAsTheyAreAndWhatIsNoneIsLost(long seed) throws Exception {
        Random random = new Random(seed);
        Lane lane = lane(Bounds.NONE, Messages.FRAMES, null);
        long moved = 0;
        long lost = 0;
        for (int step = 0; step < 300; step++) {
            byte[] message = new byte[1 + random.nextInt(step % 2 == 0 ? 40 : 2000)];
            random.nextBytes(message);
            assertThat(send(message)).isTrue();
            if (message.length < WireFrame.LEAST || message.length > WireFrame.MOST) {
                lost++;
                until(lane, moved, lost, "seed %d, step %d".formatted(seed, step));
            } else {
                assertThat(awaitFrame()).as("seed %d, step %d", seed, step).isEqualTo(message);
                moved += message.length;
            }
        }
        until(lane, moved, lost, "seed %d".formatted(seed));
        assertThat(lost).isPositive();
    }

    @Test
    void framesCostTheirBytesAndLossesAreToldToNobody() throws Exception {
        Lane lane = lane(new Bounds(1_000_000, WireFrame.MOST, true), Messages.FRAMES, null);
        relay.lease(lane, 3L * WireFrame.MOST, System.nanoTime() + TimeUnit.HOURS.toNanos(1));
        to.readEnd().close();
        for (int i = 0; i < 3; i++) {
            assertThat(send(new byte[WireFrame.MOST])).isTrue();
        }
        until(lane, 0, 3, "with nobody there");
        assertThat(lane.leaseLeft()).isZero();
        assertThat(told).isEmpty();
    }

    @Test
    void theRateIsKeptToTheByteAndWhatIsTooFastWaits() throws Exception {
        int cost = 92 + Messages.HEADER;
        long begun = System.nanoTime();
        Lane lane = lane(new Bounds(10_000, 500, false), PLAIN, null);
        for (int i = 0; i < 30; i++) {
            assertThat(send(new byte[92])).isTrue();
        }
        for (int i = 0; i < 30; i++) {
            assertThat(await().lost()).isZero();
            double seconds = (System.nanoTime() - begun) / 1e9;
            assertThat((i + 1) * cost).isLessThanOrEqualTo(500 + (int) Math.ceil(10_000 * seconds));
        }
        until(lane, 30L * cost, 0, "in the end");
    }

    @Test
    void aMessageThatNoBurstAllowsIsLostAndTheNextPasses() throws Exception {
        Lane lane = lane(new Bounds(100_000, 100, false), PLAIN, null);
        assertThat(send(new byte[93])).isTrue();
        assertThat(send(new byte[92])).isTrue();
        Came came = await();
        assertThat(came.lost()).isEqualTo(1);
        assertThat(came.payload()).hasSize(92);
        assertThat(lane.held()).isEqualTo(1);
    }

    @Test
    void ofAQuotaPassesNoMoreThanWasLeasedAndLeasesAddUp() throws Exception {
        long soon = System.nanoTime() + TimeUnit.HOURS.toNanos(1);
        Lane lane = lane(new Bounds(0, 0, true), PLAIN, null);
        for (int i = 0; i < 5; i++) {
            assertThat(send(new byte[92])).isTrue();
        }
        assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("hungry");
        relay.lease(lane, 60, soon);
        assertThat(told.poll(20, TimeUnit.SECONDS)).as("60 of 100").isEqualTo("hungry");
        assertThat(receive()).isNull();
        relay.lease(lane, 60, soon);
        assertThat(await().payload()).hasSize(92);
        assertThat(told.poll(20, TimeUnit.SECONDS)).as("20 of 100").isEqualTo("hungry");
        relay.lease(lane, 330, soon);
        for (int i = 0; i < 3; i++) {
            assertThat(await().payload()).hasSize(92);
        }
        assertThat(told.poll(20, TimeUnit.SECONDS)).as("50 of 100").isEqualTo("hungry");
        until(lane, 400, 0, "in the end");
        settle();
        assertThat(receive()).isNull();
    }

    /** Whether the receiver reads, doesn't, or is gone: the sender's messages are taken at the same pace and price. */
    @ParameterizedTest
    @ValueSource(strings = {"reads", "sleeps", "gone"})
    void theSenderSeesNothingOfItsReceiver(String receiver) throws Exception {
        Lane lane = lane(new Bounds(0, 0, true), PLAIN, null);
        if (receiver.equals("gone")) {
            to.readEnd().close();
        }
        relay.lease(lane, 100 * 100, System.nanoTime() + TimeUnit.HOURS.toNanos(1));
        int sent = 0;
        // One more finds the quota used up, by what was lost as by what passed.
        while (sent < 101) {
            if (send(new byte[92])) {
                sent++;
            } else {
                Poller.await(from.writeEnd(), Poller.OUT, -1);
            }
            if (receiver.equals("reads")) {
                receive();
            }
        }
        assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("hungry");
        assertThat(lane.leaseLeft()).isZero();
        long lost = receiver.equals("reads") ? 0 : receiver.equals("gone") ? 100 : 100 - QUEUE;
        if (!receiver.equals("reads")) {
            assertThat(lane.held()).isEqualTo(lost);
        }
        assertThat(told).isEmpty();
        assertThat(Pipe.write(from.writeEnd(), new byte[1], 0, 1))
                .as("no EPIPE")
                .isEqualTo(1);
    }

    @Test
    void lossesAreToldToTheSenderAtItsBudget() throws Exception {
        try (EventFd lost = EventFd.create();
                EventFd word = EventFd.create()) {
            lane(Bounds.NONE, PLAIN, lost);
            long begun = System.nanoTime();
            Lane back = relay.signals(lost.fd().duplicate(), word.fd().duplicate(), new Bounds(20, 1, false), listener);
            long heard = 0;
            while (heard < 5) {
                while (send(new byte[10])) {
                    // Until the pipe is full: nobody reads at the other end.
                }
                Poller.await(from.writeEnd(), Poller.OUT, -1);
                heard += word.drain();
            }
            double seconds = (System.nanoTime() - begun) / 1e9;
            assertThat(heard).isLessThanOrEqualTo(1 + (long) Math.ceil(20 * seconds));
            assertThat(back.moved()).isGreaterThanOrEqualTo(5);
        }
    }

    @Test
    void aLogThatIsTooFastIsCutAndTheCountIsToldThoughNothingFollows() throws Exception {
        Lane lane = lane(new Bounds(2_000, 400, false), LOG, null);
        for (int i = 0; i < 30; i++) {
            assertThat(send("x".repeat(92))).isTrue();
        }
        long passed = 0;
        long lost = 0;
        while (passed + lost < 30) {
            Came came = await();
            lost += came.lost();
            passed += came.payload().length > 0 ? 1 : 0;
        }
        assertThat(passed).isBetween(4L, 29L);
        assertThat(lost).isEqualTo(30 - passed).isEqualTo(lane.held());
    }

    @Test
    void aLogIsPrintableAsciiWhateverWasSent() throws Exception {
        lane(Bounds.NONE, LOG, null);
        assertThat(send("ok \u001b[2J\n\r\0\\x\u00ff~\u007f")).isTrue();
        assertThat(await().text()).isEqualTo("ok \\x1b[2J\\x0a\\x0d\\x00\\\\x\\xff~\\x7f");
        assertThat(send("\n".repeat(MOST))).isTrue();
        assertThat(await().text()).isEqualTo("\\x0a".repeat(MOST / 4));
        Random random = new Random(41);
        for (int i = 0; i < 200; i++) {
            byte[] message = new byte[1 + random.nextInt(MOST)];
            random.nextBytes(message);
            assertThat(send(message)).isTrue();
            for (byte b : await().payload()) {
                assertThat(b).as("seed 41, message %d", i).isBetween((byte) ' ', (byte) '~');
            }
        }
    }

    @Test
    void afterTheCutNothingPasses() throws Exception {
        Lane lane = lane(Bounds.NONE, PLAIN, null);
        assertThat(send(new byte[5])).isTrue();
        assertThat(await().payload()).hasSize(5);
        until(lane, 5 + Messages.HEADER, 0, "before");
        relay.cut(lane);
        Pipe.write(from.writeEnd(), new byte[6], 0, 6);
        settle();
        assertThat(receive()).isNull();
        assertThat(lane.moved()).isEqualTo(5 + Messages.HEADER);
    }

    @Test
    void theRelayAndTheRingsSpeakOfTheSameBytes() {
        assertThat(Messages.PREFIX).isEqualTo(RecordRing.PACKET_PREFIX_BYTES);
        assertThat(Messages.HEADER).isEqualTo(RecordRing.HEADER_BYTES);
        assertThat(Messages.MOST_PAYLOAD + Messages.HEADER).isEqualTo(RecordRing.MAX_RECORD_BYTES);
        assertThat(Messages.MOST_PAYLOAD + Messages.PREFIX).isLessThanOrEqualTo(Pipe.MOST_PACKET);
    }

    @Test
    void theEndOfTheSenderIsTold() throws Exception {
        lane(Bounds.NONE, PLAIN, null);
        from.readEnd().close();
        assertThat(send(new byte[7])).isTrue();
        from.writeEnd().close();
        assertThat(await().payload()).hasSize(7);
        assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("ended");
    }
}
