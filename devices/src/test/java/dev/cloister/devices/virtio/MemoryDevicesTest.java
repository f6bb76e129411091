package dev.cloister.devices.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.devices.virtio.balloon.BalloonDevice;
import dev.cloister.devices.virtio.balloon.BalloonStat;
import dev.cloister.devices.virtio.pmem.PmemDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Balloon and persistent memory, driven request by request on one thread. */
@Timeout(300)
class MemoryDevicesTest {
    private static final long PLACE = QueueMemory.RAM;
    private static final long BUFFER = QueueMemory.RAM + 0x4000;
    private static final int POISON = 1 << 4;
    private static final int REPORTING = 1 << 5;

    private final QueueMemory m = new QueueMemory();
    private final List<String> released = new ArrayList<>();
    private final List<Map<BalloonStat, Long>> statistics = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();
    private final List<String> host = new ArrayList<>();
    private final BalloonDevice balloon = new BalloonDevice(
            (gpa, bytes) -> released.add(Long.toHexString(gpa) + "+" + Long.toHexString(bytes)) && gpa < 1L << 30,
            1 << 20,
            statistics::add);
    private short sent;

    private VirtQueue start(VirtioDevice device, long features) {
        device.activate(features, new DeviceHost() {
            @Override
            public void wake(int queue) {
                host.add("wake " + queue);
            }

            @Override
            public void configChanged() {
                host.add("config");
            }

            @Override
            public void note(String text) {
                notes.add(text);
            }
        });
        return new VirtQueue(m.memory, new VirtQueue.Place(8, PLACE, PLACE + 0x200, PLACE + 0x300), features, () -> {});
    }

    private void offer(byte[] readable, int writable) {
        m.memory.write(BUFFER, readable, 0, readable.length);
        descriptor(0, BUFFER, readable.length, writable > 0 ? 1 : 0, 1);
        descriptor(1, BUFFER + 0x1000, writable, 2, 0);
        offer(readable.length > 0 ? 0 : 1);
    }

    private void offer(int head) {
        m.memory.writeShort(PLACE + 0x204 + 2 * (sent & 7), (short) head);
        m.memory.writeShort(PLACE + 0x202, ++sent);
    }

    private void descriptor(int index, long gpa, int length, int flags, int next) {
        m.memory.writeLong(PLACE + 16 * index, gpa);
        m.memory.writeInt(PLACE + 16 * index + 8, length);
        m.memory.writeShort(PLACE + 16 * index + 12, (short) flags);
        m.memory.writeShort(PLACE + 16 * index + 14, (short) next);
    }

    private static byte[] numbers(int... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int value : values) {
            bytes.putInt(value);
        }
        return bytes.array();
    }

    private int used() {
        return m.memory.readShort(PLACE + 0x302);
    }

    @AfterEach
    void close() {
        m.close();
    }

    @Test
    void pagesInAnyOrderGoBackAsRuns() {
        VirtQueue queue = start(balloon, Features.VERSION_1);
        offer(numbers(9, 7, 8, 8, 20, 0, 21), 0);
        balloon.notified(0, queue);
        assertThat(released).containsExactly("0+1000", "7000+3000", "14000+2000");
        assertThat(used()).isEqualTo(1);
    }

    @Test
    void aPageThatIsNotRamBreaksTheQueue() {
        VirtQueue queue = start(balloon, Features.VERSION_1);
        offer(numbers(-1, 1), 0);
        assertThatThrownBy(() -> balloon.notified(0, queue))
                .isInstanceOf(QueueException.class)
                .hasMessageContaining("1 pages from 0xffffffff000 into the balloon: not all of them are RAM");
        assertThat(used()).isZero();
    }

    @Test
    void onlyWholePagesOfReportedMemoryGoBack() {
        VirtQueue queue = start(balloon, Features.VERSION_1 | REPORTING);
        descriptor(1, QueueMemory.RAM + 0x5001, 0x3000, 2, 0);
        offer(1);
        balloon.notified(4, queue);
        assertThat(released).containsExactly("16000+2000");
        assertThat(used()).isEqualTo(1);
    }

    @Test
    void whatTheDriverFillsWithAPatternStays() {
        VirtQueue queue = start(balloon, Features.VERSION_1 | REPORTING | POISON);
        balloon.writeConfig(12, 4, 0xaaaa_aaaaL);
        offer(new byte[0], 0x2000);
        balloon.notified(4, queue);
        balloon.writeConfig(12, 4, 0);
        offer(new byte[0], 0x2000);
        assertThat(released).isEmpty();
        balloon.notified(4, queue);
        assertThat(released).hasSize(1);
        assertThat(used()).isEqualTo(2);
    }

    @Test
    void statisticsComeWhenTheyAreAskedFor() {
        VirtQueue queue = start(balloon, Features.VERSION_1 | 2);
        ByteBuffer bytes = ByteBuffer.allocate(30).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putShort((short) 4)
                .putLong(77)
                .putShort((short) 99)
                .putLong(1)
                .putShort((short) 0)
                .putLong(5);
        offer(bytes.array(), 0);
        balloon.notified(2, queue);
        assertThat(statistics).containsExactly(Map.of(BalloonStat.FREE, 77L, BalloonStat.SWAP_IN, 5L));
        assertThat(used()).as("the buffer is kept").isZero();
        assertThat(balloon.askForStatistics()).isTrue();
        assertThat(host).containsExactly("wake 2");
        balloon.notified(2, queue);
        assertThat(used()).isEqualTo(1);
        offer(bytes.array(), 0);
        balloon.notified(2, queue);
        assertThat(statistics).hasSize(2);
        balloon.reset();
        assertThat(balloon.askForStatistics()).isFalse();
    }

    @Test
    void theTargetIsTold() {
        balloon.setTarget(64 << 10);
        assertThat(balloon.config().get(0, 4)).isEqualTo(16);
        start(balloon, Features.VERSION_1);
        balloon.setTarget(0);
        assertThat(host).containsExactly("config");
        balloon.writeConfig(4, 4, 3);
        balloon.writeConfig(0, 4, 9);
        assertThat(balloon.actual()).isEqualTo(3 * 4096);
        assertThat(balloon.target()).isZero();
        assertThatThrownBy(() -> balloon.setTarget((1 << 20) + 4096)).hasMessageContaining("expected 0 to 1048576");
    }

    @Test
    void persistentMemoryIsFlushedAndFailuresAreToldToBoth() {
        int[] flushes = new int[1];
        PmemDevice pmem = new PmemDevice("pmem", 0x1_0000_0000L, 2 << 20, () -> {
            if (++flushes[0] > 1) {
                throw new IOException("the file is gone");
            }
        });
        assertThat(pmem.config().get(0, 8)).isEqualTo(0x1_0000_0000L);
        assertThat(pmem.config().get(8, 8)).isEqualTo(2 << 20);
        VirtQueue queue = start(pmem, Features.VERSION_1);
        for (int expected : new int[] {0, 1}) {
            offer(numbers(0), 4);
            pmem.notified(0, queue);
            assertThat(m.memory.readInt(BUFFER + 0x1000)).isEqualTo(expected);
        }
        assertThat(notes).containsExactly("the file is gone");
        offer(numbers(1), 4);
        pmem.notified(0, queue);
        assertThat(m.memory.readInt(BUFFER + 0x1000)).as("an unknown request").isEqualTo(1);
        assertThat(flushes[0]).isEqualTo(2);
        offer(numbers(0), 3);
        assertThatThrownBy(() -> pmem.notified(0, queue)).isInstanceOf(QueueException.class);
    }
}
