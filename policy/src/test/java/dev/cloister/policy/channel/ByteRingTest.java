package dev.cloister.policy.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
class ByteRingTest {
    private static final int CAPACITY = 256;

    private final MemorySegment region = Arena.ofAuto().allocate(ByteRing.DATA_OFFSET + CAPACITY, 4096);
    private final MemorySegment buffer = Arena.ofAuto().allocate(1024, 8);
    private final ByteRing producer;
    private final ByteRing consumer;

    ByteRingTest() {
        ByteRing.initialise(region, CAPACITY, 1);
        producer = ByteRing.producer(region, CAPACITY);
        consumer = ByteRing.consumer(region, CAPACITY);
    }

    @Test
    void capacityAndWindowFitEachOther() {
        assertThat(ByteRing.windowBytes(65_536)).isEqualTo(0x2_0000);
        assertThat(ByteRing.capacityFor(0x2_0000)).isEqualTo(65_536);
        assertThat(ByteRing.capacityFor(0x1_0000)).isEqualTo(32_768);
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13})
    void bytesPassInOrderAtAnyChunking(long seed) {
        Random random = new Random(seed);
        long in = 0;
        long out = 0;
        for (int i = 0; i < 50_000; i++) {
            int want = random.nextInt(CAPACITY + 10);
            for (int b = 0; b < want; b++) {
                buffer.set(ValueLayout.JAVA_BYTE, b, (byte) (in + b));
            }
            in += producer.write(buffer, 0, want);
            int got = consumer.read(buffer, 0, random.nextInt(CAPACITY + 10));
            for (int b = 0; b < got; b++) {
                assertThat(buffer.get(ValueLayout.JAVA_BYTE, b)).isEqualTo((byte) (out + b));
            }
            out += got;
            assertThat(in - out).isBetween(0L, (long) CAPACITY);
            assertThat(producer.available()).isEqualTo(CAPACITY - (int) (in - out));
        }
        assertThat(producer.position()).isEqualTo(in);
        assertThat(consumer.position()).isEqualTo(out).isGreaterThan(100_000);
    }

    @ParameterizedTest
    @ValueSource(longs = {CAPACITY + 1, -1, Long.MIN_VALUE, Long.MAX_VALUE})
    void impossibleCounterClosesTheConsumersEndForGood(long produced) {
        region.set(ValueLayout.JAVA_LONG, ByteRing.PRODUCED_OFFSET, produced);
        assertThat(consumer.read(buffer, 0, 10)).isEqualTo(ByteRing.CORRUPT);
        region.set(ValueLayout.JAVA_LONG, ByteRing.PRODUCED_OFFSET, 1);
        assertThat(consumer.read(buffer, 0, 10)).isEqualTo(ByteRing.CORRUPT);
        assertThat(consumer.closed()).isTrue();
        assertThat(producer.closed()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, -257, Long.MIN_VALUE, Long.MAX_VALUE})
    void impossibleCounterClosesTheProducersEndForGood(long consumed) {
        region.set(ValueLayout.JAVA_LONG, ByteRing.CONSUMED_OFFSET, consumed);
        assertThat(producer.write(buffer, 0, 10)).isEqualTo(ByteRing.CORRUPT);
        assertThat(producer.closed()).isTrue();
    }

    @Test
    void ownCounterAndCapacityInThePagesAreNeverBelieved() {
        producer.write(buffer, 0, 10);
        region.set(ValueLayout.JAVA_LONG, ByteRing.CONSUMED_OFFSET, 5);
        region.set(ValueLayout.JAVA_INT, ByteRing.CAPACITY_OFFSET, 1 << 30);
        assertThat(consumer.available()).isEqualTo(10);
        assertThat(consumer.read(buffer, 0, 1024)).isEqualTo(10);
    }

    @Test
    void closingIsSeenAtTheOtherEnd() {
        assertThat(consumer.closed()).isFalse();
        producer.close();
        assertThat(consumer.closed()).isTrue();
        assertThatThrownBy(() -> producer.read(buffer, 0, 1)).isInstanceOf(IllegalStateException.class);
    }
}
