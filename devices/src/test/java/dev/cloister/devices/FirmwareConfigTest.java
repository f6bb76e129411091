package dev.cloister.devices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.mmu.GuestMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** fw_cfg by its ports and by DMA against a literal model, with the guest's whole memory compared byte by byte. */
class FirmwareConfigTest {
    private static final int RAM = 1 << 20;
    private static final int ROM_AT = 0x20_0000;
    private static final int READ = 2;
    private static final int SKIP = 4;
    private static final int SELECT = 8;
    private static final int WRITE = 16;

    private final MemorySegment ram = MemorySegment.ofArray(new long[RAM / Long.BYTES]);
    private final GuestMemory memory = GuestMemory.builder()
            .ram("RAM", 0, ram)
            .rom("ROM", ROM_AT, MemorySegment.ofArray(new long[4096 / Long.BYTES]))
            .build();
    private final byte[] file = new byte[70_000];
    private final AtomicInteger made = new AtomicInteger();
    private final FirmwareConfig config = new FirmwareConfig(3, memory)
            .file("etc/file", file)
            .file("etc/made", 1, () -> new byte[] {(byte) made.incrementAndGet()});

    FirmwareConfigTest() {
        new SplittableRandom(7).nextBytes(file);
        config.file("etc/random", file);
    }

    private static long big(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getInt();
    }

    private byte[] bytes(int item, int count) {
        config.write(0, 2, item);
        byte[] result = new byte[count];
        for (int i = 0; i < count; i++) {
            result[i] = (byte) config.read(1, 1);
        }
        return result;
    }

    /** Puts a command at an address, has it carried out and returns its control word, as the guest sees it. */
    private int command(long gpa, int control, long length, long target) {
        ByteBuffer command = ByteBuffer.allocate(16);
        command.putInt(control).putInt((int) length).putLong(target);
        memory.write(gpa, command.array(), 0, 16);
        carryOut(gpa);
        return Integer.reverseBytes(memory.readInt(gpa));
    }

    private void carryOut(long gpa) {
        config.write(4, 4, Integer.toUnsignedLong(Integer.reverseBytes((int) (gpa >>> 32))));
        config.write(8, 4, Integer.toUnsignedLong(Integer.reverseBytes((int) gpa)));
    }

    @Test
    void saysWhatItIsAndThatThereIsDma() {
        assertThat(bytes(0, 5)).isEqualTo(new byte[] {'Q', 'E', 'M', 'U', 0});
        assertThat(bytes(1, 4)).isEqualTo(new byte[] {3, 0, 0, 0});
        assertThat(bytes(5, 2)).isEqualTo(new byte[] {3, 0});
        assertThat(config.read(4, 4)).isEqualTo(big("QEMU"));
        assertThat(config.read(8, 4)).isEqualTo(big(" CFG"));
        assertThat(config.read(9, 1)).isEqualTo('C');
    }

    @Test
    void theDirectoryListsTheFilesAndEachReadsAsItIs() {
        ByteBuffer list = ByteBuffer.wrap(bytes(0x19, 4 + 3 * 64));
        assertThat(list.getInt()).isEqualTo(3);
        assertThat(list.getInt(4)).isEqualTo(file.length);
        assertThat(list.getShort(8)).isEqualTo((short) 0x20);
        assertThat(list.getInt(4 + 64)).isEqualTo(1);
        assertThat(new String(list.array(), 4 + 128 + 8, 10, StandardCharsets.US_ASCII))
                .isEqualTo("etc/random");
        assertThat(bytes(0x22, file.length + 1)).isEqualTo(Arrays.copyOf(file, file.length + 1));
        assertThat(bytes(0x77, 2)).isEqualTo(new byte[2]);
        assertThatThrownBy(() -> config.file("etc/file", file)).hasMessageContaining("etc/file");
    }

    @Test
    void aFileThatIsMadeAnewIsMadeWhenItIsSelected() {
        assertThat(bytes(0x21, 2)).isEqualTo(new byte[] {1, 0});
        assertThat(bytes(0x21, 1)).isEqualTo(new byte[] {2});
    }

    @Test
    void anythingByDmaIsAsTheModelHasIt() {
        long seed = 20_261_121;
        SplittableRandom random = new SplittableRandom(seed);
        byte[] model = new byte[RAM];
        int position = 0;
        config.write(0, 2, 0x22);
        for (int round = 0; round < 2000; round++) {
            String what = "seed " + seed + ", round " + round;
            int gpa = random.nextInt(RAM - 16) & -16;
            int control = random.nextInt(32) & ~1 | 0x22 << 16;
            int length = random.nextInt(8) == 0 ? random.nextInt(200_000) : random.nextInt(300);
            int target = random.nextInt(RAM);
            if (Math.max(gpa, target) < Math.min(gpa + 16, target + length)) {
                continue;
            }
            int outcome = command(gpa, control, length, target);
            ByteBuffer.wrap(model).putInt(gpa, control).putInt(gpa + 4, length).putLong(gpa + 8, target);
            position = (control & SELECT) != 0 ? 0 : position;
            boolean fits = target + length <= RAM;
            boolean right = (control & READ) != 0 ? fits : (control & WRITE) == 0;
            int step = Math.min(length, file.length - position);
            if ((control & READ) != 0 && fits) {
                System.arraycopy(file, position, model, target, step);
                Arrays.fill(model, target + step, target + length, (byte) 0);
                position += step;
            } else if ((control & (READ | WRITE)) == 0 && (control & SKIP) != 0) {
                position += step;
            }
            ByteBuffer.wrap(model).putInt(gpa, right ? 0 : 1);
            assertThat(outcome).as(what).isEqualTo(right ? 0 : 1);
            if (round % 16 == 0) {
                assertThat(ram.mismatch(MemorySegment.ofArray(model))).as(what).isEqualTo(-1);
            }
        }
        assertThat(ram.toArray(ValueLayout.JAVA_BYTE)).as("seed " + seed).isEqualTo(model);
    }

    @Test
    void whatIsOutsideWritableMemoryIsRefusedAndCommandsThereAreNone() {
        assertThat(command(64, SELECT | READ | 0x22 << 16, 16, ROM_AT)).isEqualTo(1);
        assertThat(command(64, SELECT | READ | 0x22 << 16, 0xFFFF_FFFFL, 0)).isEqualTo(1);
        assertThat(command(64, SELECT | READ | 0x22 << 16, 32, -16)).isEqualTo(1);
        assertThat(command(64, SELECT | READ | 0x22 << 16, 1, Long.MIN_VALUE)).isEqualTo(1);
        byte[] before = ram.toArray(ValueLayout.JAVA_BYTE);
        for (long gpa : new long[] {RAM - 8, RAM, ROM_AT, -8, 1L << 40}) {
            carryOut(gpa);
        }
        assertThat(ram.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(before);
        assertThat(memory.readLong(ROM_AT)).isZero();
    }

    @Test
    void aKernelsBytesAreAnItemWithoutName() {
        config.item(0x11, MemorySegment.ofArray(new byte[] {9, 8}));
        assertThat(bytes(0x11, 3)).isEqualTo(new byte[] {9, 8, 0});
        assertThat(command(0, SELECT | READ | 0x11 << 16, 4, 100)).isZero();
        assertThat(memory.readInt(100)).isEqualTo(0x0809);
    }
}
