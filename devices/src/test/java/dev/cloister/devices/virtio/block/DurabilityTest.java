package dev.cloister.devices.virtio.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.devices.virtio.TestDriver;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A store that loses what was not flushed when its power fails: what the device had acknowledged is there all the same. */
class DurabilityTest {
    private static final int SECTOR = BlockDevice.SECTOR;
    private static final int SECTORS = 64;
    private static final long FLUSH_FEATURE = 1L << 9;
    private static final int WRITE = 1;
    private static final int FLUSH = 4;
    private static final int WRITE_ZEROES = 13;

    /** Keeps writes apart until they are flushed. */
    private static class LossyStore implements BlockStore {
        private final byte[] durable = new byte[SECTORS * SECTOR];
        private final List<Write> waiting = new ArrayList<>();

        private record Write(int at, byte[] bytes) {}

        @Override
        public long bytes() {
            return durable.length;
        }

        @Override
        public boolean isReadOnly() {
            return false;
        }

        @Override
        public synchronized void read(long offset, MemorySegment[] into, int count) {
            throw new UnsupportedOperationException("nobody reads here");
        }

        @Override
        public synchronized void write(long offset, MemorySegment[] from, int count) {
            int at = (int) offset;
            for (int i = 0; i < count; i++) {
                byte[] bytes = from[i].toArray(ValueLayout.JAVA_BYTE);
                waiting.add(new Write(at, bytes));
                at += bytes.length;
            }
        }

        @Override
        public synchronized void flush() {
            waiting.forEach(write -> apply(durable, write));
            waiting.clear();
        }

        @Override
        public void discard(long offset, long length) {
            // What was there stays.
        }

        @Override
        public synchronized void zero(long offset, long length, boolean unmap) {
            waiting.add(new Write((int) offset, new byte[(int) length]));
        }

        private static void apply(byte[] bytes, Write write) {
            System.arraycopy(write.bytes, 0, bytes, write.at, write.bytes.length);
        }

        /** What a power failure now would leave: of what waits, each sector or not. */
        synchronized byte[] afterPowerFailure(SplittableRandom random) {
            byte[] left = durable.clone();
            for (Write write : waiting) {
                for (int at = 0; at < write.bytes.length; at += SECTOR) {
                    if (random.nextBoolean()) {
                        System.arraycopy(write.bytes, at, left, write.at + at, SECTOR);
                    }
                }
            }
            return left;
        }
    }

    /** Each sector's possible contents: what was acknowledged as durable last, and all that was written since. */
    private static final class Promise {
        private final List<List<Byte>> possible = new ArrayList<>();

        Promise() {
            for (int i = 0; i < SECTORS; i++) {
                possible.add(new ArrayList<>(List.of((byte) 0)));
            }
        }

        void written(int sector, int sectors, byte value, boolean durable) {
            for (List<Byte> each : possible.subList(sector, sector + sectors)) {
                if (durable) {
                    each.clear();
                }
                each.add(value);
            }
        }

        void flushed() {
            possible.forEach(each -> each.subList(0, each.size() - 1).clear());
        }

        void holds(byte[] disk, String what) {
            for (int sector = 0; sector < SECTORS; sector++) {
                byte value = disk[sector * SECTOR];
                assertThat(possible.get(sector)).as(what + ", sector " + sector).contains(value);
                byte[] whole = new byte[SECTOR];
                Arrays.fill(whole, value);
                assertThat(Arrays.equals(disk, sector * SECTOR, (sector + 1) * SECTOR, whole, 0, SECTOR))
                        .as(what + ", sector " + sector + " is whole")
                        .isTrue();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, true", "2, true", "3, true", "1, false", "2, false"})
    void aPowerFailureTakesNothingThatWasAcknowledged(long seed, boolean flushes) {
        check(new LossyStore(), seed, flushes);
    }

    @Test
    void aFlushThatIsAcknowledgedButNotDoneIsSeen() {
        LossyStore lazy = new LossyStore() {
            @Override
            public synchronized void flush() {
                // Says that it has.
            }
        };
        for (boolean flushes : new boolean[] {true, false}) {
            assertThatThrownBy(() -> check(lazy, 1, flushes)).isInstanceOf(AssertionError.class);
        }
    }

    private static void check(LossyStore store, long seed, boolean flushes) {
        SplittableRandom random = new SplittableRandom(seed);
        Promise promise = new Promise();
        try (TestDriver driver = new TestDriver(new BlockDevice(store, new DiskSettings("disk 0", "", 1, 0, 0)))) {
            driver.bringUp(flushes ? FLUSH_FEATURE : 0);
            for (int step = 0; step < 1000; step++) {
                int sectors = random.nextInt(1, 9);
                int sector = random.nextInt(SECTORS - sectors);
                int kind = random.nextInt(4);
                if (kind == 0) {
                    request(driver, header(FLUSH, 0, 0));
                    promise.flushed();
                } else if (kind == 1) {
                    byte[] request = header(WRITE_ZEROES, 0, 16);
                    ByteBuffer.wrap(request)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(16, sector)
                            .putInt(24, sectors);
                    request(driver, request);
                    promise.written(sector, sectors, (byte) 0, !flushes);
                } else {
                    byte value = (byte) random.nextInt();
                    byte[] request = header(WRITE, sector, sectors * SECTOR);
                    Arrays.fill(request, 16, request.length, value);
                    request(driver, request);
                    promise.written(sector, sectors, value, !flushes);
                }
                promise.holds(store.afterPowerFailure(random), "seed " + seed + " step " + step);
            }
        }
    }

    private static void request(TestDriver driver, byte[] request) {
        assertThat(driver.request(request, 1)).containsExactly(0);
    }

    private static byte[] header(int type, long sector, int more) {
        byte[] bytes = new byte[16 + more];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(0, type).putLong(8, sector);
        return bytes;
    }
}
