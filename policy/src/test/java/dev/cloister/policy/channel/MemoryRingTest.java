package dev.cloister.policy.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
class MemoryRingTest {
    private static final int RECORD = 64;
    private static final int COUNT = 8;

    private final MemorySegment region = region(RECORD, COUNT);
    private final RingWriter writer = new RingWriter(region, RECORD, COUNT);
    private final RingReader reader = new RingReader(region.asReadOnly(), RECORD, COUNT);
    private final byte[] target = new byte[RECORD];

    static MemorySegment region(int recordBytes, int records) {
        return Arena.ofAuto().allocate(MemoryRing.regionBytes(recordBytes, records), 4096);
    }

    private void write(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        writer.write(bytes, 0, bytes.length);
    }

    @Test
    void layoutIsTheDocumentedOne() {
        writer.reset(7);
        write("abc");
        byte[] magic = region.asSlice(0, 8).toArray(ValueLayout.JAVA_BYTE);
        assertThat(new String(magic, StandardCharsets.US_ASCII)).isEqualTo("CLSRING1");
        assertThat(region.get(ValueLayout.JAVA_LONG, 0x08)).isEqualTo(7);
        assertThat(region.get(ValueLayout.JAVA_INT, 0x10)).isEqualTo(RECORD);
        assertThat(region.get(ValueLayout.JAVA_INT, 0x14)).isEqualTo(COUNT);
        assertThat(region.get(ValueLayout.JAVA_LONG, 0x40)).isEqualTo(1);
        assertThat(region.get(ValueLayout.JAVA_LONG, 0x80)).isEqualTo(1);
        assertThat(region.get(ValueLayout.JAVA_INT, 0x1000)).isEqualTo(3);
        assertThat(region.get(ValueLayout.JAVA_BYTE, 0x1008)).isEqualTo((byte) 'a');
        assertThat(MemoryRing.regionBytes(64, 64)).isEqualTo(0x1_0000);
        assertThat(MemoryRing.regionBytes(1024, 64)).isEqualTo(0x2_0000);
    }

    @Test
    void recordsArriveInOrderAndOnce() {
        assertThat(reader.read(target)).isEqualTo(RingReader.EMPTY);
        writer.reset(1);
        assertThat(reader.read(target)).isEqualTo(RingReader.RESET);
        for (int i = 0; i < 100; i++) {
            write("record " + i);
            int length = reader.read(target);
            assertThat(new String(target, 0, length, StandardCharsets.US_ASCII)).isEqualTo("record " + i);
            assertThat(reader.read(target)).isEqualTo(RingReader.EMPTY);
        }
        assertThat(reader.lost()).isZero();
    }

    @Test
    void overrunIsToldAndReadingGoesOnBehindIt() {
        writer.reset(1);
        reader.read(target);
        for (int i = 0; i < COUNT + 3; i++) {
            write("r" + i);
        }
        assertThat(reader.read(target)).isEqualTo(RingReader.OVERRUN);
        int next = reader.read(target);
        assertThat(new String(target, 0, next, StandardCharsets.US_ASCII)).isEqualTo("r" + reader.lost());
        assertThat(reader.lost()).isEqualTo(COUNT + 3 - COUNT / 2);
    }

    @Test
    void resetOfTheWriterIsSeenAndStartsAtZero() {
        writer.reset(1);
        reader.read(target);
        write("old");
        reader.read(target);
        writer.reset(2);
        write("new");
        assertThat(reader.read(target)).isEqualTo(RingReader.RESET);
        assertThat(reader.read(target)).isEqualTo(3);
        assertThatThrownBy(() -> writer.reset(2)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void recordThatIsBeingOverwrittenIsTorn() {
        writer.reset(1);
        reader.read(target);
        write("first");
        // The writer has begun, and not finished, the record that lies over the first one.
        region.set(ValueLayout.JAVA_LONG, MemoryRing.WSC_OFFSET, COUNT + 1L);
        assertThat(reader.read(target)).isEqualTo(RingReader.OVERRUN);
    }

    @ParameterizedTest
    @CsvSource({"0x10,128", "0x14,16", "0x10,0", "0x14,-1", "0x00,0"})
    void headerThatDiffersFromThePolicyIsNotUsed(String offset, int value) {
        writer.reset(1);
        region.set(ValueLayout.JAVA_INT, Long.decode(offset), value);
        write("x");
        assertThat(reader.read(target)).isEqualTo(RingReader.CORRUPT);
        assertThat(reader.read(target)).isEqualTo(RingReader.CORRUPT);
        writer.reset(2);
        assertThat(reader.read(target)).isEqualTo(RingReader.RESET);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, Integer.MIN_VALUE, RECORD, RECORD - 7})
    void impossibleLengthIsSkipped(int length) {
        writer.reset(1);
        reader.read(target);
        write("a");
        region.set(ValueLayout.JAVA_INT, 0x1000, length);
        write("b");
        assertThat(reader.read(target)).isEqualTo(RingReader.CORRUPT);
        assertThat(reader.read(target)).isEqualTo(1);
    }

    @Test
    void counterThatGoesBackIsCorruptAndReadingRecovers() {
        writer.reset(1);
        reader.read(target);
        for (int i = 0; i < 5; i++) {
            write("x");
            reader.read(target);
        }
        region.set(ValueLayout.JAVA_LONG, MemoryRing.WC_OFFSET, 2);
        assertThat(reader.read(target)).isEqualTo(RingReader.CORRUPT);
        assertThat(reader.read(target)).isEqualTo(RingReader.EMPTY);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void writerThatScribblesEverythingNeverBreaksTheReader(long seed) {
        Random random = new Random(seed);
        long[] offsets = {0, 8, 0x10, 0x40, 0x80, 0x1000, 0x1008};
        for (int i = 0; i < 200_000; i++) {
            long value = random.nextInt(4) == 0 ? random.nextLong() : random.nextInt(2 * COUNT);
            region.set(ValueLayout.JAVA_LONG, offsets[random.nextInt(offsets.length)], value);
            if (random.nextInt(50) == 0) {
                writer.reset(1 + random.nextLong(Long.MAX_VALUE));
            }
            int result = reader.read(target);
            assertThat(result).isBetween(RingReader.CORRUPT, reader.maxPayload());
        }
        writer.reset(Long.MAX_VALUE);
        while (reader.read(target) != RingReader.RESET) {
            // It has to come back on its own.
        }
        write("whole");
        assertThat(reader.read(target)).isEqualTo(5);
    }

    @Test
    void concurrentReaderSeesOnlyWholeRecordsInOrder() throws InterruptedException {
        int records = 300_000;
        writer.reset(1);
        AtomicBoolean done = new AtomicBoolean();
        Thread producer = Thread.ofPlatform().start(() -> {
            ByteBuffer record = ByteBuffer.allocate(writer.maxPayload());
            for (long i = 0; i < records; i++) {
                // Every word carries the number: a torn copy mixes two of them.
                record.clear();
                while (record.remaining() >= 8) {
                    record.putLong(i);
                }
                if (i == records / 2) {
                    writer.reset(2);
                }
                writer.write(record.array(), 0, record.position());
            }
            done.set(true);
        });
        long last = -1;
        long seen = 0;
        while (true) {
            boolean finished = done.get();
            int length = reader.read(target);
            if (length >= 0) {
                ByteBuffer record = ByteBuffer.wrap(target, 0, length);
                long number = record.getLong();
                assertThat(number).isGreaterThan(last);
                while (record.hasRemaining()) {
                    assertThat(record.getLong()).isEqualTo(number);
                }
                last = number;
                seen++;
            } else if (length == RingReader.EMPTY && finished) {
                break;
            }
        }
        producer.join();
        assertThat(last).isEqualTo(records - 1L);
        assertThat(seen).isPositive();
        assertThat(reader.malformed()).isZero();
    }

    @Test
    void sizesOutsideTheContractAreRefused() {
        assertThatThrownBy(() -> MemoryRing.regionBytes(12, 8)).hasMessageContaining("multiple of 8");
        assertThatThrownBy(() -> MemoryRing.regionBytes(8, 8)).hasMessageContaining("at least 16");
        assertThatThrownBy(() -> MemoryRing.regionBytes(64, 3)).hasMessageContaining("power of two");
        assertThatThrownBy(() -> MemoryRing.regionBytes(1 << 20, 1 << 20)).hasMessageContaining("at most");
        assertThatThrownBy(() -> new RingReader(region.asSlice(0, 4096), RECORD, COUNT))
                .hasMessageContaining("expected 65536");
    }
}
