package dev.cloister.devices.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.devices.virtio.block.BlockDevice;
import dev.cloister.devices.virtio.block.DiskSettings;
import dev.cloister.devices.virtio.rng.RngDevice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The MMIO transport as a driver sees it. */
@Timeout(600)
class VirtioMmioTest {
    private static final long BUFFER = QueueMemory.RAM + 0x2000;
    private static final int NEEDS_RESET = 0x40;
    private static final int WRITABLE = 2;

    private volatile Runnable meanwhile = () -> {};
    private final PlacedBell bell = new PlacedBell("");
    private final MmioDriver driver = new MmioDriver(
            new RngDevice(into -> {
                meanwhile.run();
                Arrays.fill(into, (byte) 0x5a);
            }),
            () -> bell);

    @AfterEach
    void close() {
        driver.close();
    }

    @Test
    void saysWhatItIs() {
        assertThat(driver.get(0)).isEqualTo(0x7472_6976L);
        assertThat(driver.get(4)).as("version").isEqualTo(2);
        assertThat(driver.get(8)).as("entropy").isEqualTo(4);
        assertThat(driver.get(0xc)).isEqualTo(0x1af4);
        driver.set(0x14, 0);
        assertThat(driver.get(0x10)).isEqualTo(Features.INDIRECT_DESC | Features.EVENT_IDX);
        driver.set(0x14, 1);
        assertThat(driver.get(0x10)).isEqualTo(1);
        driver.set(0x14, 2);
        assertThat(driver.get(0x10)).as("no such half").isZero();
        driver.set(MmioDriver.QUEUE_SELECT, 0);
        assertThat(driver.get(MmioDriver.QUEUE_MAXIMUM)).isEqualTo(64);
        for (long none : new long[] {1, 0x8000_0000L, 0xffff_ffffL}) {
            driver.set(MmioDriver.QUEUE_SELECT, none);
            assertThat(driver.get(MmioDriver.QUEUE_MAXIMUM)).isZero();
            driver.set(MmioDriver.QUEUE_READY, 1);
            driver.set(MmioDriver.QUEUE_READY, 0);
            assertThat(driver.get(MmioDriver.QUEUE_READY)).isZero();
        }
        for (int at = 0xb0; at <= 0xbc; at += 4) {
            assertThat(driver.get(at)).as("no shared memory").isEqualTo(0xffff_ffffL);
        }
        assertThat(driver.get(0xc0)).isZero();
    }

    @Test
    void controlRegistersAre32BitsWideAndAligned() {
        assertThat(driver.bus.read(MmioDriver.BASE, 1)).isZero();
        assertThat(driver.bus.read(MmioDriver.BASE, 8)).isZero();
        assertThat(driver.bus.read(MmioDriver.BASE + 2, 4)).isZero();
        driver.bus.write(MmioDriver.BASE + MmioDriver.STATUS, 1, MmioDriver.DRIVER);
        driver.bus.write(MmioDriver.BASE + MmioDriver.STATUS, 2, MmioDriver.DRIVER);
        driver.bus.write(MmioDriver.BASE + MmioDriver.STATUS - 4, 8, (long) MmioDriver.DRIVER << 32);
        assertThat(driver.status()).isZero();
    }

    @Test
    void configurationIsReadInAnyWidth() {
        DiskSettings settings = new DiskSettings("disk", "", 1, 0, 0);
        FuzzBench bench = new FuzzBench(FuzzTarget.of("rng"), new byte[0]);
        try (bench;
                MmioDriver disk =
                        new MmioDriver(new BlockDevice(new FuzzTarget.Store(bench), settings), QueueBell::parking)) {
            assertThat(disk.bus.read(MmioDriver.BASE + 0x100, 8)).isEqualTo((1 << 20) / 512);
            assertThat(disk.bus.read(MmioDriver.BASE + 0x101, 1)).isEqualTo((1 << 20) / 512 >> 8);
            assertThat(disk.bus.read(MmioDriver.BASE + 0xff8, 8)).isZero();
            disk.bus.write(MmioDriver.BASE + 0xff8, 8, -1);
        }
    }

    @Test
    void servesARequestAndTheLineIsHighUntilItIsAcknowledged() throws Exception {
        driver.bringUp(0);
        driver.line.clear();
        driver.offer(0, BUFFER, 100, WRITABLE);
        assertThat(driver.awaitUsed()).isEqualTo(100);
        byte[] got = new byte[101];
        driver.m.memory.read(BUFFER, got, 0, 101);
        assertThat(got[99]).isEqualTo((byte) 0x5a);
        assertThat(got[100]).isZero();
        assertThat(driver.line.poll(60, TimeUnit.SECONDS)).isTrue();
        assertThat(driver.get(MmioDriver.INTERRUPTS)).isEqualTo(InterruptCauses.QUEUE);
        driver.set(MmioDriver.ACKNOWLEDGE, 1);
        assertThat(driver.line.poll(60, TimeUnit.SECONDS)).isFalse();
        assertThat(driver.get(MmioDriver.INTERRUPTS)).isZero();
    }

    @Test
    void whatWasNotAcknowledgedIsAnEdgeOnceMore() {
        List<Boolean> levels = new ArrayList<>();
        InterruptCauses causes = new InterruptCauses(levels::add);
        causes.add(InterruptCauses.QUEUE);
        causes.add(InterruptCauses.CONFIG);
        levels.clear();
        causes.acknowledge(InterruptCauses.QUEUE);
        assertThat(levels).containsExactly(false, true);
        assertThat(causes.now()).isEqualTo(InterruptCauses.CONFIG);
        causes.acknowledge(-1);
        assertThat(levels).containsExactly(false, true, false);
    }

    @Test
    void refusesFeaturesThatItDidNotOfferAndDriversOfOldDevices() {
        driver.set(MmioDriver.STATUS, MmioDriver.DRIVER);
        driver.accept(Features.VERSION_1 | 1);
        assertThat(driver.status()).isEqualTo(MmioDriver.DRIVER);
        driver.accept(Features.INDIRECT_DESC);
        assertThat(driver.status()).isEqualTo(MmioDriver.DRIVER);
        driver.accept(Features.VERSION_1);
        assertThat(driver.status()).isEqualTo(MmioDriver.DRIVER | MmioDriver.FEATURES_OK);
    }

    @Test
    void aBrokenQueueStopsTheDeviceWithTheReasonUntilItIsReset() {
        driver.bringUp(0);
        driver.offer(0, BUFFER, 8, WRITABLE | 1);
        while ((driver.get(MmioDriver.INTERRUPTS) & InterruptCauses.CONFIG) == 0) {
            Thread.onSpinWait();
        }
        assertThat(driver.status() & NEEDS_RESET).isNotZero();
        assertThat(driver.transport.notes()).singleElement().asString().contains("a loop, or too long");
        driver.set(MmioDriver.STATUS, 0);
        assertThat(driver.status()).isZero();
        assertThat(driver.get(MmioDriver.INTERRUPTS)).isZero();
        driver.bringUp(0);
        driver.offer(0, BUFFER, 8, WRITABLE);
        assertThat(driver.awaitUsed()).isEqualTo(8);
    }

    @Test
    void aQueueIsMovedOnlyWhileItIsNotReady() {
        driver.set(MmioDriver.STATUS, MmioDriver.DRIVER);
        driver.accept(Features.VERSION_1);
        driver.placeQueue(0);
        driver.set(0x80, 0xdead_0000L);
        QueueRegisters queue = driver.transport.core().registers[0];
        assertThat(queue.area(QueueRegisters.DESCRIPTORS)).isEqualTo(MmioDriver.DESCRIPTORS);
        driver.set(MmioDriver.QUEUE_READY, 0);
        assertThat(driver.get(MmioDriver.QUEUE_READY)).isZero();
        driver.set(0x80, 0xdead_0000L);
        driver.set(0x84, 0x12);
        assertThat(queue.area(QueueRegisters.DESCRIPTORS)).isEqualTo(0x12_dead_0000L);
        driver.set(MmioDriver.QUEUE_SIZE, 7);
        assertThat(queue.size).as("no power of two").isEqualTo(MmioDriver.SIZE);
        driver.set(MmioDriver.QUEUE_READY, 1);
        assertThat(driver.get(MmioDriver.QUEUE_READY)).isOne();
    }

    /** Drivers of this transport don't look whether a reset is done: what was served then has ended. */
    @ParameterizedTest
    @ValueSource(ints = {MmioDriver.STATUS, MmioDriver.QUEUE_READY})
    void theEndOfAQueueWaitsForTheRequestBeingServed(int register) throws Exception {
        HeldRequest held = new HeldRequest();
        meanwhile = held;
        driver.bringUp(0);
        driver.offer(0, BUFFER, 8, WRITABLE);
        held.awaitBegin();
        Thread guest = Thread.ofPlatform().start(() -> driver.set(register, 0));
        while (guest.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        held.letGo();
        guest.join();
        assertThat(driver.get(register)).isZero();
        int used = driver.used();
        driver.offer(0, BUFFER, 8, WRITABLE);
        driver.bringUp(0);
        assertThat(used).as("what was being served is nobody's any more").isZero();
        driver.offer(0, BUFFER, 8, WRITABLE);
        assertThat(driver.awaitUsed()).isEqualTo(8);
    }

    @Test
    void theHostRingsByTheNumberOfTheQueueWhileTheDriverIsReady() {
        driver.bringUp(0);
        driver.set(MmioDriver.STATUS, 0);
        assertThat(bell.places())
                .containsExactly(
                        new PlacedBell.Place(MmioDriver.BASE + VirtioMmio.QUEUE_NOTIFY, 0),
                        new PlacedBell.Place(QueueBell.NOWHERE, 0));
    }

    @Test
    void aMachineThatIsResetFindsTheDeviceAsNew() {
        driver.bringUp(0);
        driver.set(0x14, 1);
        driver.transport.reset();
        assertThat(driver.status()).isZero();
        assertThat(driver.get(0x10)).as("the first half again").isEqualTo(Features.INDIRECT_DESC | Features.EVENT_IDX);
    }

    /** A guest that writes anything anywhere, all the time: no failure, no write outside RAM, and a reset always helps. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void storms(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] before = driver.m.copy();
        for (int i = 0; i < 20_000; i++) {
            storm(random);
        }
        driver.set(MmioDriver.STATUS, 0);
        assertThat(driver.m.romMismatch(before)).as("ROM, seed %d", seed).isEqualTo(-1);
        assertThat(driver.bus.failures()).as("seed %d", seed).isEmpty();
        assertThat(driver.transport.notes()).as("seed %d", seed).noneMatch(note -> note.contains("the device failed"));
        driver.bringUp(0);
        driver.offer(0, BUFFER, 8, WRITABLE);
        assertThat(driver.awaitUsed()).as("seed %d", seed).isEqualTo(8);
        driver.line.clear();
    }

    private void storm(SplittableRandom random) {
        long at = MmioDriver.BASE + random.nextInt(random.nextInt(4) == 0 ? VirtioMmio.BYTES : 0x110);
        int size = 1 << random.nextInt(4);
        switch (random.nextInt(10)) {
            case 0 -> driver.bus.write(at, size, random.nextLong());
            case 1 -> driver.bus.read(at, size);
            case 2, 3 -> driver.set((int) (at - MmioDriver.BASE) & -4, random.nextInt(5));
            case 4 -> driver.set(MmioDriver.STATUS, random.nextInt(256));
            case 5 ->
                driver.bringUp(random.nextInt(2) * Features.EVENT_IDX + random.nextInt(2) * Features.INDIRECT_DESC);
            case 6 -> driver.m.memory.writeLong(QueueMemory.RAM + 8L * random.nextInt(0x60), random.nextLong());
            default -> driver.offer(random.nextInt(8), BUFFER + random.nextInt(0x100), random.nextInt(0x40), WRITABLE);
        }
    }
}
