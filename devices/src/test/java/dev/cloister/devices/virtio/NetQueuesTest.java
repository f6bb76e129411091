package dev.cloister.devices.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.devices.virtio.net.FramePort;
import dev.cloister.devices.virtio.net.MacAddress;
import dev.cloister.devices.virtio.net.NetDevice;
import dev.cloister.devices.virtio.net.NetFeatures;
import dev.cloister.devices.virtio.net.NetSettings;
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
 * The network device's queues against a model of what fits where. Memory is compared byte for byte: nothing but the used ring and the
 * buffers that were given for receiving ever changes.
 */
@Timeout(600)
class NetQueuesTest {
    private static final int SIZE = 8;
    private static final long DESCRIPTORS = QueueMemory.RAM;
    private static final long AVAILABLE = QueueMemory.RAM + 0x100;
    private static final long USED = QueueMemory.RAM + 0x200;
    private static final int USED_BYTES = 4 + 8 * SIZE + 2;
    private static final long BUFFERS = QueueMemory.RAM + 0x1000;
    private static final int HEADER = 12;
    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;
    private static final long MRG_RXBUF = 1L << 15;
    private static final int ROUNDS = 2000;

    private final QueueMemory m = new QueueMemory();
    private final FramePort port = new FramePort();
    private final NetDevice device = new NetDevice(port, new NetSettings("network", MacAddress.of("test"), 0, 0));
    private final TestHost host = new TestHost();
    private final List<String> notes = host.notes();
    private int interrupts;

    @AfterEach
    void close() {
        m.close();
    }

    private VirtQueue queue(long features) {
        m.memory.writeInt(AVAILABLE, 0);
        m.memory.writeInt(USED, 0);
        m.memory.writeShort(AVAILABLE + 4 + 2L * SIZE, (short) 0);
        device.activate(features, host);
        return new VirtQueue(
                m.memory, new VirtQueue.Place(SIZE, DESCRIPTORS, AVAILABLE, USED), features, () -> interrupts++);
    }

    private void descriptor(int index, long gpa, int length, int flags, int next) {
        long at = DESCRIPTORS + 16L * index;
        m.memory.writeLong(at, gpa);
        m.memory.writeInt(at + 8, length);
        m.memory.writeShort(at + 12, (short) flags);
        m.memory.writeShort(at + 14, (short) next);
    }

    private void offer(int position, int head) {
        m.memory.writeShort(AVAILABLE + 4 + 2L * (position % SIZE), (short) head);
        m.memory.writeShort(AVAILABLE + 2, (short) (position + 1));
    }

    private int used() {
        return m.memory.readShort(USED + 2) & 0xffff;
    }

    private int usedHead(int position) {
        return m.memory.readInt(USED + 4 + 8L * (position % SIZE));
    }

    private int usedLength(int position) {
        return m.memory.readInt(USED + 8 + 8L * (position % SIZE));
    }

    /** A chain of one or two buffers. */
    private record Given(int head, long[] gpas, int[] lengths) {
        int room() {
            return Arrays.stream(lengths).sum();
        }
    }

    private List<Given> give(SplittableRandom random) {
        List<Given> all = new ArrayList<>();
        long at = BUFFERS;
        int descriptor = 0;
        int most = random.nextInt(4) == 0 ? SIZE : random.nextInt(SIZE + 1);
        while (all.size() < most && descriptor < SIZE) {
            int pieces = descriptor + 1 < SIZE && random.nextInt(3) == 0 ? 2 : 1;
            long[] gpas = new long[pieces];
            int[] lengths = new int[pieces];
            int head = descriptor;
            for (int i = 0; i < pieces; i++) {
                gpas[i] = at;
                lengths[i] = i == 0 ? HEADER + random.nextInt(400) : 1 + random.nextInt(400);
                boolean last = i == pieces - 1;
                descriptor(descriptor, at, lengths[i], last ? 2 : 3, descriptor + 1);
                at += lengths[i] + random.nextInt(20);
                descriptor++;
            }
            offer(all.size(), head);
            all.add(new Given(head, gpas, lengths));
        }
        return all;
    }

    private static byte[] frame(SplittableRandom random, int longest) {
        byte[] bytes = new byte[14 + random.nextInt(longest - 13)];
        random.nextBytes(bytes);
        return bytes;
    }

    /** Which frames arrive, how many buffers each takes, and how many buffers are left. */
    private static List<Integer> model(List<Given> given, List<byte[]> frames, boolean merge, List<byte[]> arriving) {
        List<Integer> counts = new ArrayList<>();
        int at = 0;
        for (byte[] frame : frames) {
            int needed = HEADER + frame.length;
            int end = at;
            int room = 0;
            while (room < needed && end < given.size() && (merge || end == at)) {
                room += given.get(end).room();
                end++;
            }
            if (room >= needed) {
                arriving.add(frame);
                counts.add(end - at);
                at = end;
            } else if (end == at || merge && mayGetMore(given.subList(at, end))) {
                break;
            }
        }
        return counts;
    }

    /** Whether the driver has descriptors for a further buffer like those that it gave. */
    private static boolean mayGetMore(List<Given> given) {
        int taken = given.stream().mapToInt(each -> each.gpas().length).sum();
        int longest = given.stream().mapToInt(each -> each.gpas().length).max().orElse(1);
        return SIZE - taken >= longest;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void framesArriveWholeInOrderAndNothingElseIsWritten(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int round = 0; round < ROUNDS; round++) {
            String what = "seed " + seed + " round " + round;
            boolean merge = random.nextBoolean();
            byte[] noise = new byte[QueueMemory.RAM_BYTES];
            random.nextBytes(noise);
            m.fill(noise);
            VirtQueue queue = queue((merge ? MRG_RXBUF : 0) | (random.nextBoolean() ? Features.EVENT_IDX : 0));
            List<Given> given = give(random);
            List<byte[]> frames = new ArrayList<>();
            for (int i = random.nextInt(6); i > 0; i--) {
                frames.add(frame(random, random.nextInt(20) == 0 ? 6000 : 900));
            }
            frames.forEach(port::arrive);
            byte[] before = m.copy();
            device.notified(RECEIVE, queue);
            List<byte[]> arriving = new ArrayList<>();
            List<Integer> counts = model(given, frames, merge, arriving);
            requireFrames(what, given, arriving, counts);
            requireOnly(what, before, given);
            device.reset();
            port.clear();
        }
    }

    private void requireFrames(String what, List<Given> given, List<byte[]> arriving, List<Integer> counts) {
        int at = 0;
        for (int i = 0; i < arriving.size(); i++) {
            byte[] expected = arriving.get(i);
            byte[] whole = new byte[HEADER + expected.length];
            int done = 0;
            for (int buffer = 0; buffer < counts.get(i); buffer++) {
                assertThat(usedHead(at)).as(what).isEqualTo(given.get(at).head());
                done += take(given.get(at), usedLength(at), whole, done);
                at++;
            }
            assertThat(done).as(what).isEqualTo(whole.length);
            assertThat(Arrays.copyOfRange(whole, 0, 10)).as(what).containsOnly((byte) 0);
            assertThat(whole[10] | whole[11] << 8).as(what).isEqualTo(counts.get(i));
            assertThat(Arrays.copyOfRange(whole, HEADER, whole.length)).as(what).isEqualTo(expected);
        }
        assertThat(used()).as(what).isEqualTo(at);
    }

    private int take(Given given, int length, byte[] into, int at) {
        int left = length;
        int to = at;
        for (int i = 0; i < given.gpas().length && left > 0; i++) {
            int step = Math.min(left, given.lengths()[i]);
            m.memory.read(given.gpas()[i], into, to, step);
            left -= step;
            to += step;
        }
        assertThat(left).isZero();
        return length;
    }

    private void requireOnly(String what, byte[] before, List<Given> given) {
        byte[] after = m.copy();
        boolean[] may = new boolean[after.length];
        Arrays.fill(may, (int) (USED - QueueMemory.RAM), (int) (USED - QueueMemory.RAM) + USED_BYTES, true);
        for (Given each : given) {
            for (int i = 0; i < each.gpas().length; i++) {
                int from = (int) (each.gpas()[i] - QueueMemory.RAM);
                Arrays.fill(may, from, from + each.lengths()[i], true);
            }
        }
        for (int i = 0; i < after.length; i++) {
            if (after[i] != before[i] && !may[i]) {
                throw new AssertionError(what + ": byte at 0x" + Long.toHexString(QueueMemory.RAM + i) + " changed");
            }
        }
    }

    @Test
    void aFrameThatWaitsForBuffersIsSeenWhenAllOfItIsThere() {
        VirtQueue queue = queue(MRG_RXBUF);
        byte[] frame = frame(new SplittableRandom(7), 1000);
        frame = Arrays.copyOf(frame, 900);
        port.arrive(frame);
        List<Given> given = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            descriptor(i, BUFFERS + 0x400L * i, 400, 2, 0);
            given.add(new Given(i, new long[] {BUFFERS + 0x400L * i}, new int[] {400}));
        }
        offer(0, 0);
        offer(1, 1);
        device.notified(RECEIVE, queue);
        assertThat(used()).isZero();
        offer(2, 2);
        device.notified(RECEIVE, queue);
        requireFrames("three buffers", given, List.of(frame), List.of(3));
        assertThat(interrupts).isEqualTo(1);
    }

    @Test
    void aFrameThatNoQueueHoldsIsLostAndTheNextArrives() {
        VirtQueue queue = queue(MRG_RXBUF);
        port.arrive(new byte[SIZE * 20]);
        byte[] small = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
        port.arrive(small);
        List<Given> given = new ArrayList<>();
        for (int i = 0; i < SIZE; i++) {
            descriptor(i, BUFFERS + 0x40L * i, 20, 2, 0);
            given.add(new Given(i, new long[] {BUFFERS + 0x40L * i}, new int[] {20}));
            offer(i, i);
        }
        device.notified(RECEIVE, queue);
        requireFrames("after the loss", given, List.of(small), List.of(2));
        assertThat(notes).hasSize(1).first().asString().contains("all 8 receive buffers");
    }

    /** A driver that gives the header a descriptor of its own has fewer buffers in the queue than the queue has places. */
    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void aFrameThatNoQueueOfLongBuffersHoldsIsLostAndTheNextArrives(int descriptors) {
        VirtQueue queue = queue(MRG_RXBUF);
        port.arrive(new byte[SIZE * 20]);
        byte[] small = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
        port.arrive(small);
        List<Given> given = new ArrayList<>();
        for (int head = 0; head + descriptors <= SIZE; head += descriptors) {
            long[] gpas = new long[descriptors];
            int[] lengths = new int[descriptors];
            for (int i = 0; i < descriptors; i++) {
                gpas[i] = BUFFERS + 0x40L * (head + i);
                lengths[i] = i == 0 ? HEADER : 4;
                descriptor(head + i, gpas[i], lengths[i], i == descriptors - 1 ? 2 : 3, head + i + 1);
            }
            offer(given.size(), head);
            given.add(new Given(head, gpas, lengths));
        }
        device.notified(RECEIVE, queue);
        requireFrames("after the loss", given, List.of(small), List.of(2));
        assertThat(notes).hasSize(1).first().asString().contains("all " + SIZE / descriptors + " receive buffers");
    }

    @Test
    void moreBuffersThanTheQueueHasAreRefused() {
        VirtQueue queue = queue(MRG_RXBUF);
        port.arrive(new byte[5000]);
        for (int i = 0; i < SIZE; i++) {
            descriptor(i, BUFFERS, 20, 2, 0);
            offer(i, i);
        }
        m.memory.writeShort(AVAILABLE + 2, (short) (SIZE - 1));
        device.notified(RECEIVE, queue);
        m.memory.writeShort(AVAILABLE + 2, (short) (SIZE + 1));
        assertThatThrownBy(() -> device.notified(RECEIVE, queue))
                .isInstanceOf(QueueException.class)
                .hasMessageContaining("jumps");
    }

    @Test
    void buffersWithoutRoomForAHeaderStopTheDevice() {
        VirtQueue queue = queue(0);
        descriptor(0, BUFFERS, HEADER - 1, 2, 0);
        offer(0, 0);
        assertThatThrownBy(() -> device.notified(RECEIVE, queue)).isInstanceOf(QueueException.class);
        VirtQueue sending = queue(0);
        descriptor(0, BUFFERS, HEADER - 1, 0, 0);
        offer(0, 0);
        assertThatThrownBy(() -> device.notified(TRANSMIT, sending)).isInstanceOf(QueueException.class);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void framesLeaveAsTheyWereGivenAndNothingButTheUsedRingIsWritten(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int round = 0; round < ROUNDS; round++) {
            String what = "seed " + seed + " round " + round;
            byte[] noise = new byte[QueueMemory.RAM_BYTES];
            random.nextBytes(noise);
            m.fill(noise);
            VirtQueue queue = queue(random.nextBoolean() ? Features.EVENT_IDX : 0);
            List<byte[]> expected = new ArrayList<>();
            long at = BUFFERS;
            int heads = 0;
            for (int descriptor = 0; descriptor + 1 < SIZE; descriptor += 2) {
                int first = random.nextInt(3) == 0 ? HEADER : HEADER + random.nextInt(50);
                byte[] bytes = new byte[HEADER + random.nextInt(first - HEADER + 1, first - HEADER + 900)];
                random.nextBytes(bytes);
                Arrays.fill(bytes, 0, 2, (byte) 0);
                m.memory.write(at, bytes, 0, bytes.length);
                descriptor(descriptor, at, first, 1, descriptor + 1);
                descriptor(descriptor + 1, at + first, bytes.length - first, 0, 0);
                at += bytes.length;
                offer(heads++, descriptor);
                if (bytes.length - HEADER >= 14) {
                    expected.add(Arrays.copyOfRange(bytes, HEADER, bytes.length));
                }
            }
            byte[] before = m.copy();
            device.notified(TRANSMIT, queue);
            assertThat(used()).as(what).isEqualTo(heads);
            assertThat(port.sent())
                    .as(what)
                    .usingElementComparator(Arrays::compare)
                    .containsExactlyElementsOf(expected);
            requireOnly(what, before, List.of());
            device.reset();
            port.clear();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void whateverAQueueHoldsBothDirectionsEndWithAnAnswerOrARefusal(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int round = 0; round < ROUNDS; round++) {
            byte[] noise = new byte[QueueMemory.RAM_BYTES];
            random.nextBytes(noise);
            m.fill(noise);
            long features = random.nextBoolean() ? MRG_RXBUF | NetFeatures.OFFLOADS : 0;
            VirtQueue queue = queue(features | (random.nextBoolean() ? Features.INDIRECT_DESC : 0));
            List<Given> writable = new ArrayList<>();
            for (int i = 0; i < SIZE; i++) {
                boolean wild = random.nextInt(20) == 0;
                long gpa = wild ? random.nextLong() : BUFFERS + random.nextInt(0x8000);
                int length = random.nextInt(0x600);
                int flags = random.nextInt(8) & (random.nextInt(4) == 0 ? 7 : 3);
                descriptor(i, gpa, length, flags, random.nextInt(10) == 0 ? random.nextInt() : i + 1 & SIZE - 1);
                if ((flags & 2) != 0 && !wild) {
                    writable.add(new Given(i, new long[] {gpa}, new int[] {length}));
                }
                offer(i, random.nextInt(10) == 0 ? random.nextInt() : i);
                port.arrive(frame(random, 3000));
            }
            byte[] before = m.copy();
            try {
                device.notified(random.nextInt(2), queue);
            } catch (QueueException | GuestMemoryException e) {
                assertThat(e).hasMessageNotContaining("index out");
            }
            // A table of indirect descriptors is noise, which points nowhere: 2^-45 for each of its entries.
            requireOnly("seed " + seed + " round " + round, before, writable);
            device.reset();
            port.clear();
            notes.clear();
        }
    }
}
