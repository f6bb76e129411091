package dev.cloister.devices.timer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.devices.PortBus;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(300)
class PitTest {
    private static final long MILLI = 1_000_000;
    private final AtomicLong nanos = new AtomicLong();
    private final Alarms alarms = new Alarms(new GuestClock(nanos::get), "alarms of a test");
    private final Semaphore rises = new Semaphore(0);
    private final PortBus bus = new PortBus();

    @BeforeEach
    void attach() {
        new Pit8254(alarms, high -> rises.release(high ? 1 : 0)).attachTo(bus);
        alarms.resume();
    }

    @AfterEach
    void close() {
        alarms.close();
    }

    private void pass(long time) {
        nanos.addAndGet(time);
        alarms.resume();
    }

    private void program(int counter, int mode, int count) {
        bus.write(0x43, 1, counter << 6 | 0x30 | mode << 1);
        bus.write(0x40 + counter, 1, count & 0xFF);
        bus.write(0x40 + counter, 1, count >> 8);
    }

    private long count(int counter) {
        bus.write(0x43, 1, counter << 6);
        return bus.read(0x40 + counter, 1) | bus.read(0x40 + counter, 1) << 8;
    }

    @ParameterizedTest
    @CsvSource({"0, 10000, 8807", "2, 10000, 8807", "3, 10000, 7614", "4, 10000, 8807"})
    void aCounterShowsWhatHasPassed(int mode, int from, int afterOneMilli) {
        program(0, mode, from);
        pass(MILLI);
        assertThat(count(0)).isEqualTo(afterOneMilli);
    }

    @Test
    void theLatchHoldsTheCountUntilItIsRead() {
        program(0, 2, 10_000);
        bus.write(0x43, 1, 0);
        pass(MILLI);
        assertThat(bus.read(0x40, 1) | bus.read(0x40, 1) << 8).isEqualTo(10_000);
        assertThat(bus.read(0x40, 1) | bus.read(0x40, 1) << 8).isEqualTo(8807);
    }

    @Test
    void readBackGivesStatusThenCount() {
        program(2, 0, 1000);
        bus.write(0x43, 1, 0xC8);
        assertThat(bus.read(0x42, 1))
                .as("status: OUT low, count loaded, both bytes, mode 0")
                .isEqualTo(0x30);
        assertThat(bus.read(0x42, 1) | bus.read(0x42, 1) << 8).isEqualTo(1000);
    }

    @Test
    void bcdCountsInDecimal() {
        bus.write(0x43, 1, 0x31 | 2 << 1);
        bus.write(0x40, 1, 0x00);
        bus.write(0x40, 1, 0x20);
        pass(MILLI);
        assertThat(count(0)).as("2000 less 1193").isEqualTo(0x807);
    }

    @ParameterizedTest
    @CsvSource({"2", "3"})
    void periodicModesInterruptEachPeriod(int mode) throws Exception {
        program(0, mode, 11_932);
        int known = rises.drainPermits();
        assertThat(known).as("at most the level of a fresh mode").isLessThanOrEqualTo(1);
        for (int i = 0; i < 3; i++) {
            pass(10 * MILLI + 1000);
            assertThat(rises.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void modeZeroInterruptsOnce() throws Exception {
        program(0, 0, 1193);
        pass(MILLI);
        assertThat(rises.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
        pass(100 * MILLI);
        program(0, 0, 1193);
        pass(MILLI);
        assertThat(rises.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
        assertThat(rises.availablePermits()).isZero();
    }

    @Test
    void theSpeakersCounterCountsWhileItsGateIsOpen() {
        bus.write(0x61, 1, 0);
        program(2, 0, 11_931);
        pass(5 * MILLI);
        assertThat(count(2)).as("gate closed").isEqualTo(11_931);
        bus.write(0x61, 1, 1);
        pass(9 * MILLI);
        assertThat(bus.read(0x61, 1) & 0x20).isZero();
        pass(2 * MILLI);
        assertThat(bus.read(0x61, 1) & 0x20).isEqualTo(0x20);
    }

    @Test
    void pausedTimeDoesNotCount() {
        program(0, 2, 10_000);
        pass(MILLI);
        alarms.pause();
        nanos.addAndGet(50 * MILLI);
        assertThat(count(0)).isEqualTo(8807);
        alarms.resume();
        assertThat(count(0)).isEqualTo(8807);
    }

    @ParameterizedTest
    @CsvSource({"1", "2", "3"})
    void whateverIsProgrammedTheHostIsWokenSeldom(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 5_000; i++) {
            bus.write(0x40 + random.nextInt(4), 1, random.nextInt(256));
            bus.read(0x40 + random.nextInt(4), 1);
            bus.write(0x61, 1, random.nextInt(256));
            bus.read(0x61, 1);
            pass(random.nextInt(1000));
        }
        assertThat(bus.failures()).as("seed %d", seed).isEmpty();
        program(0, 2, 1);
        rises.drainPermits();
        pass(Alarms.SHORTEST_PERIOD_NANOS);
        rises.tryAcquire(20, TimeUnit.SECONDS);
        pass(Alarms.SHORTEST_PERIOD_NANOS / 2);
        alarms.close();
        assertThat(rises.availablePermits())
                .as("seed %d: rises in half of the shortest period", seed)
                .isLessThan(2);
    }
}
