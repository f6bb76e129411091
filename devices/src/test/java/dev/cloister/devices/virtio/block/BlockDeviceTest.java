package dev.cloister.devices.virtio.block;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.devices.virtio.TestDriver;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The block device against a disk that is an array. */
@Timeout(600)
class BlockDeviceTest {
    private static final int SECTOR = 512;
    private static final int SECTORS = 100;
    private static final long FLUSH_FEATURE = 1L << 9;

    private static final int OK = 0;
    private static final int IO_ERROR = 1;
    private static final int UNSUPPORTED = 2;

    /** A disk in memory that can be told to fail. */
    private static final class Store implements BlockStore {
        final byte[] bytes = new byte[SECTORS * SECTOR + 100];
        final AtomicInteger flushes = new AtomicInteger();
        final boolean readOnly;
        volatile String failure = "";

        Store(boolean readOnly) {
            this.readOnly = readOnly;
        }

        private void check() throws IOException {
            if (!failure.isEmpty()) {
                throw new IOException(failure);
            }
        }

        @Override
        public long bytes() {
            return bytes.length;
        }

        @Override
        public boolean isReadOnly() {
            return readOnly;
        }

        @Override
        public void read(long offset, MemorySegment[] into, int count) throws IOException {
            check();
            int at = (int) offset;
            for (int i = 0; i < count; i++) {
                MemorySegment.copy(bytes, at, into[i], ValueLayout.JAVA_BYTE, 0, (int) into[i].byteSize());
                at += (int) into[i].byteSize();
            }
        }

        @Override
        public void write(long offset, MemorySegment[] from, int count) throws IOException {
            check();
            int at = (int) offset;
            for (int i = 0; i < count; i++) {
                MemorySegment.copy(from[i], ValueLayout.JAVA_BYTE, 0, bytes, at, (int) from[i].byteSize());
                at += (int) from[i].byteSize();
            }
        }

        @Override
        public void flush() throws IOException {
            check();
            flushes.incrementAndGet();
        }

        @Override
        public void discard(long offset, long length) throws IOException {
            zero(offset, length, true);
        }

        @Override
        public void zero(long offset, long length, boolean unmap) throws IOException {
            check();
            Arrays.fill(bytes, (int) offset, (int) (offset + length), (byte) 0);
        }
    }

    private static TestDriver driver(Store store) {
        return new TestDriver(new BlockDevice(store, new DiskSettings("disk 0", "SERIAL", 1, 0, 0)));
    }

    private static byte[] header(int type, long sector, int more) {
        byte[] bytes = new byte[16 + more];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(0, type).putLong(8, sector);
        return bytes;
    }

    private static int status(byte[] reply) {
        return reply[reply.length - 1];
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void keepsWhatAnArrayKeeps(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Store store = new Store(false);
        try (TestDriver driver = driver(store)) {
            driver.bringUp(FLUSH_FEATURE);
            byte[] model = store.bytes.clone();
            for (int i = 0; i < 4000; i++) {
                int sectors = random.nextInt(9);
                long sector = random.nextInt(20) == 0 ? random.nextLong() : random.nextInt(SECTORS + 4);
                boolean fits = sector >= 0 && sector <= SECTORS && sectors <= SECTORS - sector;
                int at = fits ? (int) sector * SECTOR : 0;
                int bytes = sectors * SECTOR;
                String what = "seed " + seed + " step " + i + ": " + sectors + " sectors at " + sector;
                int kind = random.nextInt(3);
                if (kind == 0) {
                    byte[] reply = driver.request(header(0, sector, 0), bytes + 1);
                    assertThat(status(reply)).as(what).isEqualTo(fits ? OK : IO_ERROR);
                    if (fits) {
                        assertThat(Arrays.equals(reply, 0, bytes, model, at, at + bytes))
                                .as(what)
                                .isTrue();
                    }
                } else if (kind == 1) {
                    byte[] data = new byte[bytes];
                    random.nextBytes(data);
                    byte[] request = header(1, sector, bytes);
                    System.arraycopy(data, 0, request, 16, bytes);
                    assertThat(status(driver.request(request, 1))).as(what).isEqualTo(fits ? OK : IO_ERROR);
                    System.arraycopy(data, 0, model, at, fits ? bytes : 0);
                } else {
                    byte[] request = header(random.nextBoolean() ? 11 : 13, 0, 16);
                    ByteBuffer.wrap(request)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(16, sector)
                            .putInt(24, sectors);
                    assertThat(status(driver.request(request, 1))).as(what).isEqualTo(fits ? OK : IO_ERROR);
                    Arrays.fill(model, at, at + (fits ? bytes : 0), (byte) 0);
                }
            }
            assertThat(store.bytes).isEqualTo(model);
        }
    }

    @Test
    void saysHowLargeItIsAndWho() {
        try (TestDriver driver = driver(new Store(false))) {
            driver.bringUp(0);
            assertThat(driver.deviceConfig(0, 8)).isEqualTo(SECTORS);
            assertThat(driver.deviceConfig(20, 4)).isEqualTo(SECTOR);
            byte[] reply = driver.request(header(8, 0, 0), 21);
            assertThat(status(reply)).isEqualTo(OK);
            assertThat(new String(reply, 0, 20, StandardCharsets.US_ASCII).trim())
                    .isEqualTo("SERIAL");
            assertThat(status(driver.request(header(8, 0, 0), 20)))
                    .as("too short")
                    .isEqualTo(IO_ERROR);
        }
    }

    /** Virtio 1.2, 2.7.8.2: so many bytes at least must have been written, from the first on. */
    @Test
    void itsNameIsAsLongAsTheDeviceSays() {
        try (TestDriver driver = driver(new Store(false))) {
            driver.bringUp(0);
            assertThat(status(driver.request(header(8, 0, 0), 21))).isEqualTo(OK);
            assertThat(driver.written()).isEqualTo(21);
            assertThat(status(driver.request(header(8, 0, 0), 101))).isEqualTo(OK);
            assertThat(driver.written()).as("a buffer of 100 bytes").isEqualTo(20);
            assertThat(status(driver.request(header(8, 0, 0), 11))).isEqualTo(IO_ERROR);
            assertThat(driver.written()).as("a buffer that is too short").isEqualTo(1);
        }
    }

    @Test
    void oddLengthsUnknownTypesAndFlagsAreRefused() {
        Store store = new Store(false);
        try (TestDriver driver = driver(store)) {
            driver.bringUp(0);
            assertThat(status(driver.request(header(0, 0, 0), SECTOR))).isEqualTo(IO_ERROR);
            assertThat(status(driver.request(header(1, 0, 100), 1))).isEqualTo(IO_ERROR);
            assertThat(status(driver.request(header(99, 0, 0), 1))).isEqualTo(UNSUPPORTED);
            assertThat(status(driver.request(header(11, 0, 15), 1))).isEqualTo(IO_ERROR);
            assertThat(status(driver.request(header(13, 0, 17 * 16), 1))).isEqualTo(IO_ERROR);
            byte[] request = header(11, 0, 16);
            request[28] = 1;
            assertThat(status(driver.request(request, 1)))
                    .as("unmap of a discard")
                    .isEqualTo(UNSUPPORTED);
            assertThat(store.bytes).containsOnly((byte) 0);
        }
    }

    @Test
    void aReadOnlyDiskIsNotChanged() {
        Store store = new Store(true);
        Arrays.fill(store.bytes, (byte) 7);
        try (TestDriver driver = driver(store)) {
            driver.bringUp(FLUSH_FEATURE | 1L << 5);
            assertThat(status(driver.request(header(1, 0, SECTOR), 1))).isEqualTo(IO_ERROR);
            assertThat(status(driver.request(header(11, 0, 16), 1))).isEqualTo(IO_ERROR);
            assertThat(status(driver.request(header(0, 0, 0), SECTOR + 1))).isEqualTo(OK);
            assertThat(store.bytes).containsOnly((byte) 7);
        }
    }

    @Test
    void errorsOfTheHostAreErrorsOfTheRequestWithANote() {
        Store store = new Store(false);
        try (TestDriver driver = driver(store)) {
            driver.bringUp(FLUSH_FEATURE);
            store.failure = "pwritev(\"x\" at 0) failed: ENOSPC";
            for (int i = 0; i < 10; i++) {
                assertThat(status(driver.request(header(1, 0, SECTOR), 1))).isEqualTo(IO_ERROR);
            }
            assertThat(status(driver.request(header(4, 0, 0), 1))).isEqualTo(IO_ERROR);
            store.failure = "";
            assertThat(status(driver.request(header(1, 0, SECTOR), 1))).isEqualTo(OK);
            assertThat(driver.notes()).hasSize(5).first().asString().contains("ENOSPC");
        }
    }

    @Test
    void withoutTheFlushFeatureEveryWriteIsMadeDurable() {
        Store store = new Store(false);
        try (TestDriver driver = driver(store)) {
            driver.bringUp(0);
            driver.request(header(1, 0, SECTOR), 1);
            driver.request(header(1, 1, SECTOR), 1);
            assertThat(store.flushes).hasValue(2);
            driver.reset();
            driver.bringUp(FLUSH_FEATURE);
            driver.request(header(1, 0, SECTOR), 1);
            assertThat(store.flushes).hasValue(2);
            driver.request(header(4, 0, 0), 1);
            assertThat(store.flushes).hasValue(3);
        }
    }

    @Test
    void aResetEndsTheWaitForALimit() {
        DiskSettings slow = new DiskSettings("disk 0", "", 1, 1, 0);
        try (TestDriver driver = new TestDriver(new BlockDevice(new Store(false), slow))) {
            driver.bringUp(0);
            assertThat(status(driver.request(header(0, 0, 0), SECTOR + 1))).isEqualTo(OK);
            driver.offerAgain();
            driver.reset();
            assertThat(driver.notes()).isEmpty();
        }
    }
}
