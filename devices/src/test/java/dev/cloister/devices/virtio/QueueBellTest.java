package dev.cloister.devices.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.devices.virtio.rng.RngDevice;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Where doorbells are, and that no ring is lost. */
@Timeout(600)
class QueueBellTest {
    private static final long SEED = 20;
    private static final int COMMAND = 4;
    private static final int BAR = 0x10;
    private static final int DECODES = 2;

    private static RngDevice entropy() {
        return new RngDevice(into -> Arrays.fill(into, (byte) 1));
    }

    @Test
    void theHostRingsWhileTheDriverIsReadyAndTheRangeIsInForce() {
        PlacedBell bell = new PlacedBell("");
        Random random = new Random(SEED);
        try (TestDriver driver = new TestDriver(entropy(), () -> bell)) {
            long base = driver.config(BAR, 4);
            long place = driver.notifyAddress() - base;
            boolean decoded = true;
            boolean ready = false;
            for (int step = 0; step < 2000; step++) {
                switch (random.nextInt(4)) {
                    case 0 -> {
                        decoded = random.nextBoolean();
                        driver.setConfig(COMMAND, 2, decoded ? DECODES : 0);
                    }
                    case 1 -> {
                        // Inside the bus's window or not.
                        base = (random.nextInt(5) == 0 ? 0xD000_0000L : 0xC000_0000L) + 0x8000L * random.nextInt(16);
                        driver.setConfig(BAR, 4, base);
                    }
                    case 2 -> {
                        if (answers(decoded, base)) {
                            driver.at(base);
                            driver.reset();
                            driver.bringUp(0);
                            ready = true;
                        }
                    }
                    default -> {
                        if (answers(decoded, base)) {
                            driver.at(base);
                            driver.reset();
                            ready = false;
                        }
                    }
                }
                long expected = ready && answers(decoded, base) ? base + place : QueueBell.NOWHERE;
                assertThat(bell.at()).as("seed %d, step %d", SEED, step).isEqualTo(expected);
            }
        }
        assertThat(bell.isClosed()).isTrue();
    }

    private static boolean answers(boolean decoded, long base) {
        return decoded && base < 0xD000_0000L;
    }

    @Test
    void whatTheHostCannotRingIsServedAllTheSameAndSaid() {
        PlacedBell bell = new PlacedBell("KVM_IOEVENTFD: ENOSPC");
        try (TestDriver driver = new TestDriver(entropy(), () -> bell)) {
            driver.bringUp(0);
            driver.descriptor(0, QueueMemory.RAM + 0x2000, 4, 2, 0);
            driver.offer(0);
            assertThat(driver.awaitUsed()).isEqualTo(4);
            assertThat(driver.notes())
                    .singleElement()
                    .asString()
                    .contains("notifications of queue 0 take the long way: KVM_IOEVENTFD: ENOSPC");
        }
    }

    @Test
    void noRingIsLost() throws InterruptedException {
        int rings = 200_000;
        QueueBell bell = QueueBell.parking();
        AtomicInteger given = new AtomicInteger();
        Thread ringer = Thread.ofPlatform().start(() -> {
            for (int i = 0; i < rings; i++) {
                given.incrementAndGet();
                bell.ring();
            }
        });
        // Were the last ring lost, this would wait for ever.
        int seen = 0;
        while (seen < rings) {
            if (bell.take()) {
                seen = given.get();
            } else {
                bell.await();
            }
        }
        ringer.join();
        // One more at most, of a ring that came between the two looks.
        bell.take();
        assertThat(bell.take()).isFalse();
    }
}
