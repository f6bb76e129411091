package dev.cloister.policy.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
class RecordRingTest {
    private static final int RECORD = 64;
    private static final int RECORDS = 8;
    private static final int MOST = RECORD - RecordRing.HEADER_BYTES;

    private final MemorySegment region = Arena.ofAuto().allocate(RecordRing.DATA_OFFSET + RECORD * RECORDS, 4096);
    private final MemorySegment buffer = Arena.ofAuto().allocate(1024, 8);
    private final RecordRing producer = RecordRing.producer(region, RECORD, RECORDS);
    private final RecordRing consumer = RecordRing.consumer(region, RECORD, RECORDS);

    RecordRingTest() {
        producer.open(1);
    }

    private record Sent(byte first, int length, long before) {}

    @ParameterizedTest
    @ValueSource(longs = {21, 22, 23})
    void recordsPassWholeAndInOrder(long seed) {
        Random random = new Random(seed);
        Deque<Sent> model = new ArrayDeque<>();
        int passed = 0;
        for (int i = 0; i < 50_000; i++) {
            if (random.nextBoolean()) {
                Sent sent = new Sent((byte) i, random.nextInt(MOST + 1), random.nextInt(3));
                buffer.asSlice(0, sent.length()).fill(sent.first());
                int taken = producer.write(buffer, 0, sent.length(), sent.before());
                assertThat(taken).as("seed %d, step %d", seed, i).isEqualTo(model.size() < RECORDS ? 1 : 0);
                if (taken == 1) {
                    model.add(sent);
                }
            } else if (model.isEmpty()) {
                assertThat(consumer.read(buffer, 0)).isEqualTo(RecordRing.EMPTY);
            } else {
                Sent next = model.remove();
                assertThat(consumer.lostBefore()).isEqualTo(next.before());
                assertThat(consumer.read(buffer, 0))
                        .as("seed %d, step %d", seed, i)
                        .isEqualTo(next.length());
                for (int b = 0; b < next.length(); b++) {
                    assertThat(buffer.get(ValueLayout.JAVA_BYTE, b)).isEqualTo(next.first());
                }
                passed++;
            }
        }
        assertThat(passed).isGreaterThan(10_000);
        assertThat(consumer.position()).isEqualTo(passed);
    }

    @ParameterizedTest
    @ValueSource(longs = {RECORDS + 1, -1, Long.MIN_VALUE, Long.MAX_VALUE})
    void anImpossibleCounterClosesTheRingForGood(long produced) {
        region.set(ValueLayout.JAVA_LONG, RecordRing.PRODUCED_OFFSET, produced);
        assertThat(consumer.read(buffer, 0)).isEqualTo(RecordRing.CORRUPT);
        assertThat(consumer.closed()).isTrue();
        region.set(ValueLayout.JAVA_LONG, RecordRing.PRODUCED_OFFSET, 1);
        assertThat(consumer.read(buffer, 0)).isEqualTo(RecordRing.CORRUPT);
    }

    @ParameterizedTest
    @ValueSource(ints = {MOST + 1, -1, Integer.MIN_VALUE, Integer.MAX_VALUE})
    void anImpossibleLengthClosesTheRingAndCopiesNothing(int length) {
        producer.write(buffer, 0, 8, 0);
        region.set(ValueLayout.JAVA_INT, RecordRing.DATA_OFFSET, length);
        buffer.fill((byte) 7);
        assertThat(consumer.read(buffer, 0)).isEqualTo(RecordRing.CORRUPT);
        assertThat(buffer.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 7);
        assertThat(consumer.closed()).isTrue();
        // The next opening begins with a sound ring.
        consumer.offer(2);
        region.set(ValueLayout.JAVA_INT, RecordRing.ACCEPTED_OFFSET, 2);
        assertThat(consumer.begin()).isTrue();
        assertThat(consumer.read(buffer, 0)).isEqualTo(RecordRing.EMPTY);
    }

    /** The guest changes the length while it is read: what is judged is what is used. */
    @Test
    void aLengthThatChangesMeanwhileIsLoadedOnce() throws Exception {
        for (int slot = 0; slot < RECORDS; slot++) {
            region.set(ValueLayout.JAVA_INT, RecordRing.DATA_OFFSET + (long) slot * RECORD, MOST);
        }
        AtomicBoolean over = new AtomicBoolean();
        Thread guest = Thread.ofPlatform().start(() -> {
            while (!over.get()) {
                for (int slot = 0; slot < RECORDS; slot++) {
                    MemoryRing.INTS.setOpaque(region, RecordRing.DATA_OFFSET + slot * RECORD, Integer.MAX_VALUE);
                    MemoryRing.INTS.setOpaque(region, RecordRing.DATA_OFFSET + slot * RECORD, MOST);
                }
            }
        });
        int corrupt = 0;
        int whole = 0;
        MemorySegment target = Arena.ofAuto().allocate(MOST, 8);
        for (int i = 1; i <= 50_000; i++) {
            region.set(ValueLayout.JAVA_LONG, RecordRing.PRODUCED_OFFSET, consumer.position() + 1);
            int length = consumer.read(target, 0);
            if (length == RecordRing.CORRUPT) {
                corrupt++;
                consumer.offer(i + 1);
                region.set(ValueLayout.JAVA_INT, RecordRing.ACCEPTED_OFFSET, i + 1);
                consumer.begin();
            } else {
                assertThat(length).isEqualTo(MOST);
                whole++;
            }
        }
        over.set(true);
        guest.join();
        assertThat(corrupt + whole).isEqualTo(50_000);
        assertThat(whole).isPositive();
    }

    @Test
    void whatWasLeftInOneOpeningIsNotInTheNext() {
        producer.write(buffer, 0, 8, 0);
        producer.write(buffer, 0, 9, 0);
        consumer.offer(2);
        assertThat(consumer.begin()).isFalse();
        region.set(ValueLayout.JAVA_INT, RecordRing.ACCEPTED_OFFSET, 2);
        assertThat(consumer.begin()).isTrue();
        assertThat(consumer.read(buffer, 0)).isEqualTo(RecordRing.EMPTY);
        producer.write(buffer, 0, 10, 0);
        assertThat(consumer.read(buffer, 0)).isEqualTo(10);
    }

    @Test
    void lossesAddUpWhateverTheGuestWritesThere() {
        producer.addLost(3);
        region.set(ValueLayout.JAVA_LONG, RecordRing.LOST_OFFSET, -1);
        producer.addLost(4);
        assertThat(region.get(ValueLayout.JAVA_LONG, RecordRing.LOST_OFFSET)).isEqualTo(7);
    }

    @Test
    void sizesAreChecked() {
        assertThatThrownBy(() -> RecordRing.producer(region, 60, RECORDS)).hasMessageContaining("multiple of 8");
        assertThatThrownBy(() -> RecordRing.producer(region, 4104, RECORDS)).hasMessageContaining("16 to 4096");
        assertThatThrownBy(() -> RecordRing.producer(region, RECORD, 3)).hasMessageContaining("power of two");
        assertThatThrownBy(() -> producer.write(buffer, 0, MOST + 1, 0)).hasMessageContaining("0 to 56");
    }
}
