package dev.cloister.devices.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.GuestMemoryException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Queues that a hostile driver has filled, against a model that reads the same bytes: the same chains or the same refusal, and
 * afterwards memory differs in the used ring and the writable buffers of chains that were served, byte for byte, and nowhere else.
 */
@Timeout(600)
class VirtQueueTest {
    private static final int SIZE = 8;
    private static final long DESCRIPTORS = QueueMemory.RAM;
    private static final long AVAILABLE = QueueMemory.RAM + 0x100;
    private static final long USED = QueueMemory.RAM + 0x200;
    private static final long TABLES = QueueMemory.RAM + 0x400;
    private static final int ROUNDS = 3000;

    private final QueueMemory m = new QueueMemory();
    private final GuestMemory memory = m.memory;
    private int interrupts;

    @AfterEach
    void close() {
        m.close();
    }

    private VirtQueue queue(long features) {
        return new VirtQueue(
                memory, new VirtQueue.Place(SIZE, DESCRIPTORS, AVAILABLE, USED), features, () -> interrupts++);
    }

    private void descriptor(long table, int index, long gpa, int length, int flags, int next) {
        long at = table + 16L * index;
        memory.writeLong(at, gpa);
        memory.writeInt(at + 8, length);
        memory.writeShort(at + 12, (short) flags);
        memory.writeShort(at + 14, (short) next);
    }

    private void offer(int position, int head) {
        memory.writeShort(AVAILABLE + 4 + 2L * (position % SIZE), (short) head);
        memory.writeShort(AVAILABLE + 2, (short) (position + 1));
    }

    /** One buffer of a chain. */
    private record Piece(long gpa, int length, boolean write) {}

    /** Reads a chain as the specification has it; null if it breaks the rules. */
    private static List<Piece> model(byte[] bytes, int head, boolean indirect) {
        List<Piece> pieces = new ArrayList<>();
        return follow(bytes, DESCRIPTORS, SIZE, head, indirect, pieces) ? pieces : null;
    }

    private static boolean follow(byte[] bytes, long table, int size, int first, boolean indirect, List<Piece> pieces) {
        int index = first;
        for (int steps = 0; steps < (table == DESCRIPTORS && size == SIZE ? SIZE : Chain.MAX_BUFFERS); steps++) {
            long at = table + 16L * index;
            if (index >= size || !inside(at, 16, false)) {
                return false;
            }
            long gpa = number(bytes, at, 8);
            long length = number(bytes, at + 8, 4);
            int flags = (int) number(bytes, at + 12, 2);
            if ((flags & 4) != 0) {
                boolean fits = indirect && (flags & 1) == 0 && length > 0 && length % 16 == 0;
                return fits && follow(bytes, gpa, (int) (length / 16), 0, false, pieces);
            }
            boolean write = (flags & 2) != 0;
            boolean order = write || pieces.stream().noneMatch(Piece::write);
            if (!order || length > 0 && !inside(gpa, length, write)) {
                return false;
            }
            if (length > 0) {
                pieces.add(new Piece(gpa, (int) length, write));
            }
            if ((flags & 1) == 0) {
                return true;
            }
            index = (int) number(bytes, at + 14, 2);
        }
        return false;
    }

    private static boolean inside(long gpa, long length, boolean write) {
        long end = write ? QueueMemory.ROM : QueueMemory.ROM + QueueMemory.ROM_BYTES;
        return gpa >= QueueMemory.RAM && gpa < end && length <= end - gpa;
    }

    private static long number(byte[] bytes, long gpa, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (bytes[(int) (gpa - QueueMemory.RAM) + i] & 0xffL) << 8 * i;
        }
        return value;
    }

    private static void put(byte[] bytes, long gpa, long value, int size) {
        for (int i = 0; i < size; i++) {
            bytes[(int) (gpa - QueueMemory.RAM) + i] = (byte) (value >>> 8 * i);
        }
    }

    private void hostile(SplittableRandom random) {
        for (int i = 0; i < SIZE; i++) {
            randomDescriptor(random, DESCRIPTORS, i, SIZE);
        }
        for (int i = 0; i < 16; i++) {
            randomDescriptor(random, TABLES, i, 6);
        }
    }

    private void randomDescriptor(SplittableRandom random, long table, int index, int size) {
        int flags = random.nextInt(2) | (random.nextInt(5) < 2 ? 2 : 0);
        long gpa = QueueMemory.RAM + 0x800 + random.nextInt(QueueMemory.RAM_BYTES - 0x800);
        int length = random.nextInt(0x300);
        if (random.nextInt(5) == 0) {
            flags = 4 | random.nextInt(20) / 19;
            gpa = TABLES + 16L * random.nextInt(10);
            length = 16 * (1 + random.nextInt(6)) + random.nextInt(20) / 19;
        } else if (random.nextInt(20) == 0) {
            long[] wild = {0, QueueMemory.ROM, QueueMemory.DEVICE, -1, Long.MIN_VALUE, QueueMemory.RAM - 1, 1L << 40};
            gpa = wild[random.nextInt(wild.length)];
            length = random.nextInt(3) == 0 ? random.nextInt() : length;
        }
        int next = random.nextInt(12) == 0 ? random.nextInt(0x10000) : (index + 1) % size;
        descriptor(table, index, gpa, length, flags, next);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void servesWhatTheModelServesAndTouchesNothingElse(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] noise = new byte[QueueMemory.RAM_BYTES];
        Chain chain = new Chain();
        int served = 0;
        int refused = 0;
        for (int round = 0; round < ROUNDS; round++) {
            random.nextBytes(noise);
            m.fill(noise);
            memory.writeInt(AVAILABLE, 0);
            memory.writeInt(USED, 0);
            hostile(random);
            int head = random.nextInt(20) == 0 ? random.nextInt(0x10000) : random.nextInt(SIZE);
            offer(0, head);
            boolean indirect = random.nextInt(4) > 0;
            byte[] before = m.copy();
            List<Piece> expected = head < SIZE ? model(before, head, indirect) : null;
            String what = "seed " + seed + " round " + round;
            VirtQueue queue = queue(indirect ? Features.INDIRECT_DESC : 0);
            boolean accepted = pop(queue, chain);
            assertThat(accepted).as(what).isEqualTo(expected != null);
            if (accepted) {
                serve(queue, chain, random, before, expected, head);
                served++;
            } else {
                refused++;
            }
            assertThat(Arrays.mismatch(m.copy(), before)).as(what).isEqualTo(-1);
        }
        assertThat(served).as("both happen").isGreaterThan(ROUNDS / 20);
        assertThat(refused).as("both happen").isGreaterThan(ROUNDS / 20);
    }

    private static boolean pop(VirtQueue queue, Chain chain) {
        try {
            return queue.pop(chain);
        } catch (QueueException | GuestMemoryException e) {
            assertThat(e.getMessage()).isNotEmpty();
            return false;
        }
    }

    /** Reads all, writes a part with a pattern, gives back; does the same to the copy. */
    private void serve(
            VirtQueue queue, Chain chain, SplittableRandom random, byte[] copy, List<Piece> pieces, int head) {
        long readable =
                pieces.stream().filter(p -> !p.write()).mapToLong(Piece::length).sum();
        long writable =
                pieces.stream().filter(Piece::write).mapToLong(Piece::length).sum();
        assertThat(chain.readableBytes()).isEqualTo(readable);
        assertThat(chain.writableBytes()).isEqualTo(writable);
        byte[] given = new byte[(int) readable];
        chain.read(0, given, 0, given.length);
        int at = 0;
        for (Piece piece : pieces) {
            for (int i = 0; i < piece.length() && !piece.write(); i++) {
                assertThat(given[at++]).isEqualTo(copy[(int) (piece.gpa() - QueueMemory.RAM) + i]);
            }
        }
        int from = random.nextInt((int) writable + 1);
        byte[] reply = new byte[random.nextInt((int) writable - from + 1)];
        random.nextBytes(reply);
        chain.write(from, reply, 0, reply.length);
        int position = -from;
        for (Piece piece : pieces) {
            for (int i = 0; i < piece.length() && piece.write(); i++, position++) {
                if (position >= 0 && position < reply.length) {
                    copy[(int) (piece.gpa() - QueueMemory.RAM) + i] = reply[position];
                }
            }
        }
        queue.push(chain, reply.length);
        put(copy, USED + 4, head, 4);
        put(copy, USED + 8, reply.length, 4);
        put(copy, USED + 2, 1, 2);
    }

    @Test
    void anIndexThatJumpsIsRefused() {
        memory.writeShort(AVAILABLE + 2, (short) (SIZE + 1));
        VirtQueue queue = queue(0);
        Chain chain = new Chain();
        assertThat(pop(queue, chain)).isFalse();
        memory.writeShort(AVAILABLE + 2, (short) -1);
        assertThat(pop(queue, chain)).isFalse();
    }

    @Test
    void requestsComeInOrderAcrossTheWrapOfTheIndex() {
        VirtQueue queue = queue(0);
        Chain chain = new Chain();
        for (int i = 0; i < 70_000; i++) {
            descriptor(DESCRIPTORS, i % SIZE, QueueMemory.RAM + 0x1000, 1 + i % 7, 0, 0);
            offer(i, i % SIZE);
            assertThat(queue.pop(chain)).as("request %d", i).isTrue();
            assertThat(chain.readableBytes()).isEqualTo(1 + i % 7);
            queue.push(chain, i);
            assertThat(memory.readShort(USED + 2)).isEqualTo((short) (i + 1));
            assertThat(memory.readInt(USED + 4 + 8L * (i % SIZE) + 4)).isEqualTo(i);
            assertThat(queue.pop(chain)).isFalse();
        }
    }

    @Test
    void theDriverSaysWhenItWantsInterrupts() {
        VirtQueue queue = queue(0);
        Chain chain = new Chain();
        descriptor(DESCRIPTORS, 0, QueueMemory.RAM + 0x1000, 1, 0, 0);
        for (int i = 0; i < 4; i++) {
            memory.writeShort(AVAILABLE, (short) (i % 2));
            offer(i, 0);
            queue.pop(chain);
            queue.push(chain, 0);
        }
        assertThat(interrupts).isEqualTo(2);
    }

    @Test
    void withEventIndexAnInterruptComesAtTheIndexAskedFor() {
        VirtQueue queue = queue(Features.EVENT_IDX);
        Chain chain = new Chain();
        descriptor(DESCRIPTORS, 0, QueueMemory.RAM + 0x1000, 1, 0, 0);
        memory.writeShort(AVAILABLE + 4 + 2 * SIZE, (short) 2);
        for (int i = 0; i < 6; i++) {
            offer(i, 0);
            queue.pop(chain);
            queue.push(chain, 0);
            assertThat(interrupts).as("after %d", i + 1).isEqualTo(i >= 2 ? 1 : 0);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aRequestThatComesWhileNotificationsAreArmedIsNotLost(boolean eventIndex) {
        VirtQueue queue = queue(eventIndex ? Features.EVENT_IDX : 0);
        Chain chain = new Chain();
        descriptor(DESCRIPTORS, 0, QueueMemory.RAM + 0x1000, 1, 0, 0);
        queue.suppressNotifications();
        assertThat(memory.readShort(USED)).isEqualTo((short) (eventIndex ? 0 : 1));
        assertThat(queue.pop(chain)).isFalse();
        offer(0, 0);
        assertThat(queue.armNotifications()).isTrue();
        assertThat(memory.readShort(USED)).isZero();
        assertThat(queue.pop(chain)).isTrue();
        assertThat(queue.pop(chain)).isFalse();
        assertThat(queue.armNotifications()).isFalse();
        assertThat(memory.readShort(USED + 4 + 8 * SIZE)).isEqualTo((short) (eventIndex ? 1 : 0));
    }

    @Test
    void aServiceThatTakesNothingIsNotRepeatedForWhatItLeaves() {
        VirtQueue queue = queue(0);
        queue.suppressNotifications();
        assertThat(queue.pop(new Chain())).isFalse();
        assertThat(queue.armNotifications()).isFalse();
        offer(0, 0);
        queue.suppressNotifications();
        assertThat(queue.armNotifications()).as("the device had no use for it").isFalse();
    }

    @Test
    void aStoppedQueueGivesNothingAndWritesNothing() {
        VirtQueue queue = queue(0);
        Chain chain = new Chain();
        descriptor(DESCRIPTORS, 0, QueueMemory.RAM + 0x1000, 1, 0, 0);
        offer(0, 0);
        queue.pop(chain);
        offer(1, 0);
        queue.stop();
        byte[] before = m.copy();
        queue.push(chain, 7);
        queue.suppressNotifications();
        assertThat(queue.armNotifications()).isFalse();
        assertThat(queue.pop(chain)).isFalse();
        assertThat(m.copy()).isEqualTo(before);
        assertThat(interrupts).isZero();
    }
}
