package dev.cloister.policy.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the relay lets pass, and what it doesn't, with real descriptors. */
@Timeout(300)
class RelayTest {
    private static final int QUANTUM = 4096;
    private static final int PIPE = 128 << 10;

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

    @BeforeEach
    void begin() throws Exception {
        relay = new Relay();
    }

    @AfterEach
    void end() {
        relay.close();
    }

    private static long await(EventFd event) throws Exception {
        Poller.await(event.fd(), Poller.IN, -1);
        return event.drain();
    }

    /** Waits until the relay has looked at its lanes again, after whatever was done before. */
    private void settle() {
        long seen = relay.turns();
        while (relay.turns() < seen + 3) {
            // A turn needs something to happen.
            relay.nudge();
            Thread.onSpinWait();
        }
    }

    private Lane signals(EventFd from, EventFd to, Bounds bounds) throws Exception {
        return relay.signals(from.fd().duplicate(), to.fd().duplicate(), bounds, listener);
    }

    @Test
    void signalsPassOneWayOnly() throws Exception {
        try (EventFd from = EventFd.create();
                EventFd to = EventFd.create()) {
            Lane lane = signals(from, to, Bounds.NONE);
            from.signal();
            assertThat(await(to)).isEqualTo(1);
            to.signal();
            settle();
            assertThat(from.drain()).isZero();
            assertThat(to.drain()).isEqualTo(1);
            assertThat(lane.moved()).isEqualTo(1);
        }
    }

    @Test
    void whatIsFasterThanTheRateIsLostAndCounted() throws Exception {
        try (EventFd from = EventFd.create();
                EventFd to = EventFd.create()) {
            Lane lane = signals(from, to, new Bounds(1, 5, false));
            for (int i = 0; i < 1000; i++) {
                from.signal();
            }
            long came = await(to);
            settle();
            came += to.drain();
            assertThat(came).isEqualTo(5);
            assertThat(lane.moved()).isEqualTo(5);
        }
    }

    @Test
    void nothingPassesWithoutALeaseAndNeverMoreThanLeased() throws Exception {
        try (EventFd from = EventFd.create();
                EventFd to = EventFd.create()) {
            Lane lane = signals(from, to, new Bounds(0, 0, true));
            for (int i = 0; i < 100; i++) {
                from.signal();
            }
            assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("hungry");
            assertThat(to.drain()).isZero();
            relay.lease(lane, 7, System.nanoTime() + TimeUnit.HOURS.toNanos(1));
            assertThat(await(to)).isEqualTo(7);
            assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("hungry");
            relay.lease(lane, 1000, System.nanoTime() - 1);
            assertThat(told.poll(20, TimeUnit.SECONDS))
                    .as("a lease that is over")
                    .isEqualTo("hungry");
            assertThat(to.drain()).isZero();
            relay.lease(lane, 1000, System.nanoTime() + TimeUnit.HOURS.toNanos(1));
            assertThat(await(to)).isEqualTo(93);
        }
    }

    @Test
    void bytesArriveInOrderAndNoFurtherAheadThanTheCreditAllows() throws Exception {
        try (Pipe from = Pipe.create();
                Pipe to = Pipe.create(PIPE);
                EventFd returned = EventFd.create();
                EventFd visible = EventFd.create()) {
            Lane bytes =
                    relay.bytes(from.readEnd().duplicate(), to.writeEnd().duplicate(), Bounds.NONE, QUANTUM, listener);
            Lane credit =
                    relay.credits(returned.fd().duplicate(), visible.fd().duplicate(), 1_000_000, bytes, listener);
            byte[] sent = new byte[60_000];
            new Random(11).nextBytes(sent);
            assertThat(Pipe.write(from.writeEnd(), sent, 0, sent.length)).isEqualTo(sent.length);
            byte[] got = new byte[sent.length];
            int at = 0;
            while (at < got.length) {
                Poller.await(to.readEnd(), Poller.IN, -1);
                int count = Pipe.read(to.readEnd(), got, at, got.length - at);
                at += count;
                assertThat(bytes.moved() - (at - at % QUANTUM)).isLessThanOrEqualTo(2L * QUANTUM);
                for (int i = at / QUANTUM - (at - count) / QUANTUM; i > 0; i--) {
                    returned.signal();
                }
            }
            assertThat(got).isEqualTo(sent);
            settle();
            assertThat(credit.moved()).isEqualTo(sent.length / QUANTUM);
        }
    }

    @Test
    void creditPassesAtItsBudgetAndNoFaster() throws Exception {
        try (Pipe from = Pipe.create();
                Pipe to = Pipe.create(PIPE);
                EventFd returned = EventFd.create();
                EventFd visible = EventFd.create()) {
            Lane bytes =
                    relay.bytes(from.readEnd().duplicate(), to.writeEnd().duplicate(), Bounds.NONE, QUANTUM, listener);
            Lane credit = relay.credits(returned.fd().duplicate(), visible.fd().duplicate(), 50, bytes, listener);
            long begun = System.nanoTime();
            for (int i = 0; i < 1000; i++) {
                returned.signal();
            }
            long seen = 0;
            while (seen < 10) {
                seen += await(visible);
            }
            double seconds = (System.nanoTime() - begun) / 1e9;
            // One at once and fifty in each second.
            assertThat(seconds).isGreaterThan((seen - 1) / 50.0 - 0.001);
            assertThat(credit.moved()).isLessThanOrEqualTo(2 + (long) (50 * (System.nanoTime() - begun) / 1e9));
        }
    }

    @Test
    void theEndOfOneIsTheEndOfFileForTheOther() throws Exception {
        Pipe from = Pipe.create();
        Pipe to = Pipe.create(PIPE);
        relay.bytes(from.readEnd().duplicate(), to.writeEnd().duplicate(), Bounds.NONE, QUANTUM, listener);
        from.readEnd().close();
        to.writeEnd().close();
        Pipe.write(from.writeEnd(), new byte[] {1, 2, 3}, 0, 3);
        from.writeEnd().close();
        byte[] got = new byte[8];
        Poller.await(to.readEnd(), Poller.IN, -1);
        assertThat(Pipe.read(to.readEnd(), got, 0, 8)).isEqualTo(3);
        assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo("ended");
        Poller.await(to.readEnd(), Poller.IN, -1);
        assertThat(Pipe.read(to.readEnd(), got, 0, 8)).isEqualTo(-1);
        to.readEnd().close();
    }

    @Test
    void creditForBytesThatWereNotTakenEndsTheStream() throws Exception {
        try (Pipe from = Pipe.create();
                Pipe to = Pipe.create();
                EventFd returned = EventFd.create();
                EventFd visible = EventFd.create()) {
            Lane bytes =
                    relay.bytes(from.readEnd().duplicate(), to.writeEnd().duplicate(), Bounds.NONE, 32 << 10, listener);
            relay.credits(returned.fd().duplicate(), visible.fd().duplicate(), 1_000_000, bytes, listener);
            byte[] part = new byte[4096];
            while (told.isEmpty()) {
                returned.signal();
                Pipe.write(from.writeEnd(), part, 0, part.length);
            }
            assertThat(told.poll()).isEqualTo("violated");
        }
    }

    @Test
    void afterTheCutNothingPasses() throws Exception {
        for (int round = 0; round < 200; round++) {
            try (EventFd from = EventFd.create();
                    EventFd to = EventFd.create()) {
                Lane lane = signals(from, to, Bounds.NONE);
                CountDownLatch going = new CountDownLatch(1);
                Thread sender = Thread.ofPlatform().start(() -> {
                    try {
                        for (int i = 0; i < 2000; i++) {
                            from.signal();
                            going.countDown();
                        }
                    } catch (ErrnoException e) {
                        throw new AssertionError(e);
                    }
                });
                going.await();
                relay.cut(lane);
                long until = lane.moved();
                to.drain();
                sender.join();
                settle();
                assertThat(lane.moved()).as("round " + round).isEqualTo(until);
                assertThat(to.drain()).as("round " + round).isZero();
            }
        }
    }

    @Test
    void aFloodOnOneLaneLeavesTheOthersTheirTurn() throws Exception {
        try (EventFd flood = EventFd.create();
                EventFd drowned = EventFd.create();
                EventFd from = EventFd.create();
                EventFd to = EventFd.create()) {
            Lane wild = signals(flood, drowned, Bounds.NONE);
            signals(from, to, Bounds.NONE);
            Thread sender = Thread.ofPlatform().daemon().start(() -> {
                try {
                    while (!Thread.interrupted()) {
                        flood.signal();
                    }
                } catch (ErrnoException e) {
                    throw new AssertionError(e);
                }
            });
            long begun = System.nanoTime();
            long before = relay.turns();
            for (int i = 0; i < 100; i++) {
                from.signal();
                await(to);
            }
            // The flood costs at most its ceiling of wake-ups, the hundred signals a few each.
            double seconds = (System.nanoTime() - begun) / 1e9;
            assertThat(relay.turns() - before).isLessThan(256 + 1000 + (long) (21_000 * seconds));
            sender.interrupt();
            sender.join();
            assertThat(wild.moved()).isPositive();
        }
    }
}
