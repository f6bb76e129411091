package dev.cloister.devices.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.devices.virtio.rng.RngDevice;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The PCI transport as a driver sees it. */
@Timeout(600)
class VirtioPciTest {
    private static final long BUFFER = QueueMemory.RAM + 0x2000;
    private static final int NEEDS_RESET = 0x40;

    private volatile Runnable meanwhile = () -> {};
    private final TestDriver driver = new TestDriver(new RngDevice(into -> {
        meanwhile.run();
        Arrays.fill(into, (byte) 0x5a);
    }));

    @AfterEach
    void close() {
        driver.close();
    }

    private void awaitStatus(int bit) {
        while ((driver.status() & bit) == 0) {
            Thread.onSpinWait();
        }
    }

    @Test
    void saysWhatItIs() {
        assertThat(driver.config(0, 4)).isEqualTo(0x1044_1af4L);
        assertThat(driver.offered()).isEqualTo(Features.VERSION_1 | Features.INDIRECT_DESC | Features.EVENT_IDX);
        assertThat(driver.common(0x12, 2)).as("queues").isEqualTo(1);
        driver.setCommon(0x16, 2, 0);
        assertThat(driver.common(0x18, 2)).as("size").isEqualTo(64);
        driver.setCommon(0x16, 2, 1);
        assertThat(driver.common(0x18, 2)).as("no such queue").isZero();
    }

    @Test
    void servesARequestAndDrivesThePinUntilTheDriverLooks() throws Exception {
        driver.bringUp(0);
        driver.descriptor(0, BUFFER, 100, 2, 0);
        driver.offer(0);
        assertThat(driver.awaitUsed()).isEqualTo(100);
        byte[] got = new byte[101];
        driver.m.memory.read(BUFFER, got, 0, 101);
        assertThat(got[99]).isEqualTo((byte) 0x5a);
        assertThat(got[100]).isZero();
        assertThat(driver.pin.poll(20, TimeUnit.SECONDS)).isTrue();
        assertThat(driver.isr()).isEqualTo(1);
        assertThat(driver.pin.poll(20, TimeUnit.SECONDS)).isFalse();
        assertThat(driver.isr()).isZero();
    }

    @Test
    void sendsMessagesInsteadIfAsked() throws Exception {
        driver.useMessages();
        driver.bringUp(Features.EVENT_IDX);
        driver.descriptor(0, BUFFER, 8, 2, 0);
        driver.offer(0);
        assertThat(driver.messages.poll(20, TimeUnit.SECONDS)).isEqualTo("1000:1");
        assertThat(driver.isr()).isZero();
        assertThat(driver.pin).isEmpty();
    }

    @Test
    void aVectorThatIsNotThereReadsBackAsNone() {
        driver.setCommon(0x10, 2, 2);
        assertThat(driver.common(0x10, 2)).isEqualTo(0xffff);
        driver.setCommon(0x10, 2, 1);
        assertThat(driver.common(0x10, 2)).isEqualTo(1);
    }

    @Test
    void refusesFeaturesThatItDidNotOfferAndDriversOfOldDevices() {
        driver.setCommon(TestDriver.STATUS, 1, TestDriver.DRIVER);
        driver.accept(Features.VERSION_1 | 1);
        assertThat(driver.status()).isEqualTo(TestDriver.DRIVER);
        driver.accept(Features.INDIRECT_DESC);
        assertThat(driver.status()).isEqualTo(TestDriver.DRIVER);
        driver.accept(Features.VERSION_1);
        assertThat(driver.status()).isEqualTo(TestDriver.DRIVER | TestDriver.FEATURES_OK);
    }

    @Test
    void aDriverThatIsReadyWithoutFeaturesIsStopped() {
        driver.setCommon(TestDriver.STATUS, 1, TestDriver.DRIVER | TestDriver.DRIVER_OK);
        assertThat(driver.status() & NEEDS_RESET).isNotZero();
        assertThat(driver.transport.notes()).singleElement().asString().contains("features were not agreed on");
    }

    @Test
    void aBrokenQueueStopsTheDeviceWithTheReasonUntilItIsReset() throws Exception {
        driver.useMessages();
        driver.bringUp(0);
        driver.descriptor(0, BUFFER, 8, 3, 0);
        driver.offer(0);
        awaitStatus(NEEDS_RESET);
        assertThat(driver.messages.poll(20, TimeUnit.SECONDS))
                .as("configuration")
                .isEqualTo("1000:0");
        assertThat(driver.transport.notes()).singleElement().asString().contains("a loop, or too long");
        driver.descriptor(1, BUFFER, 8, 2, 0);
        driver.offer(1);
        driver.reset();
        assertThat(driver.m.memory.readShort(TestDriver.USED + 2))
                .as("nothing more was used")
                .isZero();
        driver.bringUp(0);
        driver.descriptor(0, BUFFER, 8, 2, 0);
        driver.offer(0);
        assertThat(driver.awaitUsed()).isEqualTo(8);
    }

    @Test
    void hostileQueuesFillTheReportWithAFewLines() {
        for (int i = 0; i < 50; i++) {
            driver.bringUp(0);
            driver.offer(99);
            awaitStatus(NEEDS_RESET);
            driver.reset();
        }
        assertThat(driver.transport.notes()).hasSize(5).last().asString().contains("46 more");
    }

    @Test
    void queuesOutsideMemoryStopTheDevice() {
        long[][] places = {
            {0x1000, TestDriver.AVAILABLE, TestDriver.USED},
            {QueueMemory.RAM + 8, TestDriver.AVAILABLE, TestDriver.USED},
            {QueueMemory.RAM, TestDriver.AVAILABLE + 1, TestDriver.USED},
            {QueueMemory.RAM, TestDriver.AVAILABLE, TestDriver.USED + 2},
            {QueueMemory.RAM, TestDriver.AVAILABLE, QueueMemory.ROM},
            {QueueMemory.RAM, QueueMemory.DEVICE, TestDriver.USED},
            {-16, TestDriver.AVAILABLE, TestDriver.USED},
        };
        for (long[] place : places) {
            driver.setCommon(TestDriver.STATUS, 1, TestDriver.DRIVER);
            driver.accept(Features.VERSION_1);
            driver.placeQueue(0, place[0], place[1], place[2]);
            driver.setCommon(TestDriver.STATUS, 1, 15);
            assertThat(driver.status() & NEEDS_RESET).as(Arrays.toString(place)).isNotZero();
            driver.reset();
        }
    }

    @Test
    void aRingThatIsInUseCannotBeMoved() {
        driver.bringUp(0);
        driver.setCommon(0x16, 2, 0);
        driver.setCommon(0x20, 8, 0xdead_0000L);
        driver.setCommon(0x18, 2, 16);
        driver.setCommon(0x1c, 2, 0);
        assertThat(driver.common(0x20, 8)).isEqualTo(TestDriver.DESCRIPTORS);
        assertThat(driver.common(0x18, 2)).isEqualTo(TestDriver.SIZE);
        driver.descriptor(0, BUFFER, 8, 2, 0);
        driver.offer(0);
        assertThat(driver.awaitUsed()).isEqualTo(8);
    }

    @Test
    void aResetIsDoneWhenTheRequestBeingServedHasEnded() throws Exception {
        HeldRequest held = new HeldRequest();
        meanwhile = held;
        driver.bringUp(0);
        driver.descriptor(0, BUFFER, 8, 2, 0);
        driver.offer(0);
        held.awaitBegin();
        driver.setCommon(TestDriver.STATUS, 1, 0);
        assertThat(driver.status()).isNotZero();
        driver.setCommon(TestDriver.STATUS, 1, TestDriver.DRIVER);
        held.letGo();
        while (driver.status() != 0) {
            Thread.onSpinWait();
        }
        assertThat(driver.m.memory.readShort(TestDriver.USED + 2)).isZero();
        driver.bringUp(0);
        driver.offer(0);
        assertThat(driver.awaitUsed()).isEqualTo(8);
    }

    @Test
    void configurationSpaceReachesTheRegistersToo() {
        int at = driver.configAccess();
        driver.setConfig(at + 4, 1, 0);
        driver.setConfig(at + 8, 4, 0x12);
        driver.setConfig(at + 12, 4, 2);
        assertThat(driver.config(at + 16, 4) & 0xffff).as("number of queues").isEqualTo(1);
        driver.setConfig(at + 8, 4, TestDriver.STATUS);
        driver.setConfig(at + 12, 4, 1);
        driver.setConfig(at + 16, 4, 1);
        assertThat(driver.status()).isEqualTo(1);
        driver.setConfig(at + 8, 4, 0x7fff_fffcL);
        assertThat(driver.config(at + 16, 4)).isEqualTo(0xffff_ffffL);
    }

    /** A guest that writes anything anywhere, all the time: no failure, no write outside RAM, and a reset always helps. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void storms(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] before = driver.m.copy();
        for (int i = 0; i < 30_000; i++) {
            storm(random);
        }
        driver.reset();
        assertThat(driver.m.romMismatch(before)).as("ROM, seed %d", seed).isEqualTo(-1);
        assertThat(driver.mmio.failures()).as("seed %d", seed).isEmpty();
        assertThat(driver.ports.failures()).as("seed %d", seed).isEmpty();
        assertThat(driver.transport.notes()).as("seed %d", seed).noneMatch(note -> note.contains("the device failed"));
        driver.setConfig(4, 2, 6);
        driver.bringUp(0);
        driver.descriptor(0, BUFFER, 8, 2, 0);
        driver.offer(0);
        assertThat(driver.awaitUsed()).as("seed %d", seed).isEqualTo(8);
    }

    private void storm(SplittableRandom random) {
        int size = 1 << random.nextInt(4);
        switch (random.nextInt(12)) {
            case 0 -> driver.setCommon(random.nextInt(0x3c), size, random.nextLong());
            case 1 -> driver.common(random.nextInt(0x40), size);
            case 2 -> driver.setConfig(0x40 + random.nextInt(0xc0), size, random.nextLong());
            case 3 -> driver.mmio.write(driver.common() + random.nextInt(0x8000), size, random.nextLong());
            case 4 -> driver.mmio.read(driver.common() + random.nextInt(0x8000), size);
            case 5 -> driver.setCommon(TestDriver.STATUS, 1, random.nextInt(256));
            case 6 ->
                driver.bringUp(random.nextInt(2) * Features.EVENT_IDX + random.nextInt(2) * Features.INDIRECT_DESC);
            case 7 -> driver.m.memory.writeLong(QueueMemory.RAM + 8L * random.nextInt(0x60), random.nextLong());
            case 8 -> driver.reset();
            default -> {
                driver.descriptor(random.nextInt(8), BUFFER + random.nextInt(0x100), random.nextInt(0x40), 2, 0);
                driver.offer(random.nextInt(9));
            }
        }
    }
}
