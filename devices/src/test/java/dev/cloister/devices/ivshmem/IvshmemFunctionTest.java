package dev.cloister.devices.ivshmem;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.devices.MmioBus;
import dev.cloister.devices.MmioDevice;
import dev.cloister.devices.PortBus;
import dev.cloister.devices.PortDevice;
import dev.cloister.devices.pci.BarPlacement;
import dev.cloister.devices.pci.PciHost;
import dev.cloister.devices.pci.PciWindow;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The function as a driver sees it, and where its memory is while a guest plays with the registers. */
class IvshmemFunctionTest {
    private static final long ECAM = 0xE000_0000L;
    private static final PciWindow LOW = new PciWindow(0xC000_0000L, 0x1000_0000L);
    private static final PciWindow HIGH = new PciWindow(0xE010_0000L, 0x1EB0_0000L);
    private static final int COMMAND = 4;
    private static final int BAR0 = 0x10;
    private static final int BAR1 = 0x14;
    private static final int BAR2 = 0x18;
    private static final int POSITION = 7;

    private final MmioBus mmio = new MmioBus();
    private final boolean[] lines = new boolean[PciHost.FIRST_GSI + PciHost.GSIS];
    private final PciHost host = new PciHost(List.of(LOW, HIGH), gsi -> high -> lines[gsi] = high);
    private final List<String> rings = new ArrayList<>();
    private final List<String> messages = new ArrayList<>();
    private final Memory memory = new Memory();

    /** Answers a constant and follows its range. */
    private static final class Memory implements MmioDevice, BarPlacement {
        long base = -1;
        int moves;

        @Override
        public long read(long offset, int size) {
            return 0x77;
        }

        @Override
        public void write(long offset, int size, long value) {
            // Told to nobody.
        }

        @Override
        public void moved(long gpa) {
            assertThat(gpa == -1 || base == -1)
                    .as("from 0x%x to 0x%x without going first", base, gpa)
                    .isTrue();
            base = gpa;
            moves++;
        }
    }

    private static final MmioDevice INFO = new MmioDevice() {
        @Override
        public long read(long offset, int size) {
            return offset << 8 | size;
        }

        @Override
        public void write(long offset, int size, long value) {
            throw new IllegalStateException("the information is read-only");
        }
    };

    IvshmemFunctionTest() {
        PortDevice none = new PortDevice() {
            @Override
            public long read(int offset, int size) {
                return 0;
            }

            @Override
            public void write(int offset, int size, long value) {
                // No reset here.
            }
        };
        host.attachTo(new PortBus(), none, mmio, ECAM);
    }

    private IvshmemFunction function(long bytes, Memory behind) {
        return new IvshmemFunction(
                POSITION,
                new IvshmemMemory(bytes, behind, behind),
                INFO,
                (peer, vector) -> rings.add(peer + ":" + vector),
                (address, data) -> messages.add(Long.toHexString(address) + ":" + data));
    }

    private long config(int slot, int register, int size) {
        return mmio.read(ECAM + (slot << 15) + register, size);
    }

    private void setConfig(int slot, int register, int size, long value) {
        mmio.write(ECAM + (slot << 15) + register, size, value);
    }

    private long sizeOf(int bar) {
        long before = config(1, bar, 4);
        setConfig(1, bar, 4, 0xffff_ffffL);
        long mask = config(1, bar, 4) & ~0xfL;
        setConfig(1, bar, 4, before);
        return -(int) mask;
    }

    @Test
    void isWhatDriversLookFor() {
        host.attach(1, function(0x30000, memory).function());
        assertThat(config(1, 0, 4)).isEqualTo(0x1110_1af4L);
        assertThat(config(1, 8, 4)).as("class RAM, revision").isEqualTo(0x0500_0001L);
        assertThat(config(1, 0x2c, 4)).isEqualTo(0x1100_1af4L);
        assertThat(sizeOf(BAR0)).isEqualTo(256);
        assertThat(sizeOf(BAR1)).isEqualTo(4096);
        assertThat(sizeOf(BAR2)).isEqualTo(0x40000);
        assertThat(config(1, BAR2, 4) & 0xf).as("64 bits, prefetchable").isEqualTo(0xc);
        assertThat(config(1, COMMAND, 2) & 2).as("answers without a driver").isEqualTo(2);
        assertThat(config(1, (int) config(1, 0x34, 1), 1)).as("MSI-X").isEqualTo(0x11);
        assertThat(config(1, (int) config(1, 0x34, 1) + 2, 2)).as("one vector").isZero();
        assertThat(memory.base).isEqualTo(config(1, BAR2, 4) & ~0xfL);
        assertThat(mmio.read(config(1, BAR0, 4) + 8, 4)).as("IVPosition").isEqualTo(POSITION);
    }

    @ParameterizedTest
    @CsvSource({"0, 1000", "1, 1000", "1000, 1000", "1001, 2000", "10000, 10000", "10001, 20000", "fe00000, 10000000"})
    void theRangeIsTheNextPowerOfTwo(String bytes, String range) {
        assertThat(new IvshmemMemory(Long.parseLong(bytes, 16), memory, memory).rangeBytes())
                .isEqualTo(Long.parseLong(range, 16));
    }

    @Test
    void noMemoryIsAsLargeAsAskedForByMistake() {
        assertThatThrownBy(() -> new IvshmemMemory(-1, memory, memory)).hasMessageContaining("-1 bytes");
        assertThatThrownBy(() -> new IvshmemMemory(1L << 47, memory, memory)).hasMessageContaining("2^46");
    }

    @Test
    void doorbellsGoToThePeerThatTheyName() {
        host.attach(1, function(0x1000, memory).function());
        long registers = config(1, BAR0, 4);
        mmio.write(registers + 12, 4, 0x1_0000);
        mmio.write(registers + 12, 4, 0xffff_fffeL);
        mmio.write(registers + 12, 2, 0x1234);
        mmio.write(registers + 12, 8, 0x1_0000);
        mmio.write(registers + 8, 4, 99);
        mmio.write(registers + 0x80, 4, 99);
        assertThat(rings).containsExactly("1:0", "65535:65534");
        assertThat(mmio.read(registers + 12, 4)).isZero();
        assertThat(mmio.read(registers + 8, 4)).isEqualTo(POSITION);
        assertThat(mmio.read(registers + 0x84, 4)).isEqualTo(0x8404);
        assertThat(mmio.read(registers + 0xf8, 8)).isEqualTo(0xf808);
    }

    @Test
    void withoutMsiXStatusAndMaskDriveThePin() {
        IvshmemFunction function = function(0x1000, memory);
        host.attach(1, function.function());
        long registers = config(1, BAR0, 4);
        function.interrupt();
        assertThat(lines[17]).as("the mask begins closed").isFalse();
        mmio.write(registers, 4, 0xffff_ffffL);
        assertThat(lines[17]).isTrue();
        setConfig(1, COMMAND, 2, 0x402);
        assertThat(lines[17]).as("interrupt disable").isFalse();
        setConfig(1, COMMAND, 2, 2);
        assertThat(lines[17]).isTrue();
        assertThat(mmio.read(registers + 4, 4)).isEqualTo(1);
        assertThat(lines[17]).as("the status was read").isFalse();
        assertThat(mmio.read(registers + 4, 4)).isZero();
        assertThat(mmio.read(registers, 4)).isEqualTo(1);
        assertThat(messages).isEmpty();
    }

    @Test
    void withMsiXTheVectorIsSentOnceItIsOpen() {
        IvshmemFunction function = function(0x1000, memory);
        host.attach(1, function.function());
        long registers = config(1, BAR0, 4);
        long table = config(1, BAR1, 4);
        int msix = (int) config(1, 0x34, 1);
        assertThat(config(1, msix + 4, 4)).as("table").isEqualTo(1);
        assertThat(config(1, msix + 8, 4)).as("pending bits").isEqualTo(0x801);
        mmio.write(registers, 4, 1);
        setConfig(1, msix + 2, 2, 0x8000);
        mmio.write(table, 8, 0xFEE0_1000L);
        mmio.write(table + 8, 4, 0x45);
        function.interrupt();
        assertThat(messages).as("masked").isEmpty();
        assertThat(mmio.read(table + 0x800, 8)).isEqualTo(1);
        mmio.write(table + 0x800, 8, 0);
        mmio.write(table + 12, 4, 0);
        function.interrupt();
        assertThat(messages).containsExactly("fee01000:69", "fee01000:69");
        assertThat(mmio.read(table + 0x800, 8)).isZero();
        assertThat(lines[17]).as("no pin beside it").isFalse();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void whateverTheGuestProgramsMemoryIsNeverOverOtherMemoryNorOutsideTheWindows(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int count = 6;
        Memory[] memories = new Memory[count];
        long[] sizes = new long[count];
        for (int i = 0; i < count; i++) {
            memories[i] = new Memory();
            sizes[i] = 0x1000L << random.nextInt(10);
            host.attach(i + 1, function(sizes[i], memories[i]).function());
        }
        int placed = 0;
        for (int step = 0; step < 20_000; step++) {
            program(random, 1 + random.nextInt(count));
            for (int i = 0; i < count; i++) {
                Memory one = memories[i];
                if (one.base == -1) {
                    continue;
                }
                placed++;
                long end = one.base + sizes[i];
                boolean inside =
                        one.base >= LOW.base() && end <= LOW.end() || one.base >= HIGH.base() && end <= HIGH.end();
                assertThat(inside && one.base % sizes[i] == 0)
                        .as("seed %d step %d: 0x%x", seed, step, one.base)
                        .isTrue();
                assertThat(one.base).as("seed %d step %d", seed, step).isEqualTo(config(i + 1, BAR2, 8) & ~0xfL);
                for (int j = 0; j < i; j++) {
                    Memory other = memories[j];
                    assertThat(other.base == -1 || other.base >= end || other.base + sizes[j] <= one.base)
                            .as("seed %d step %d: 0x%x and 0x%x", seed, step, one.base, other.base)
                            .isTrue();
                }
            }
        }
        assertThat(placed).as("seed %d: the test looks at something", seed).isGreaterThan(1000);
    }

    private void program(SplittableRandom random, int slot) {
        long near = (random.nextBoolean() ? LOW.base() : HIGH.base()) + (random.nextLong() & 0x0fff_f000L);
        switch (random.nextInt(8)) {
            case 0 -> setConfig(slot, COMMAND, 2, random.nextInt(4));
            case 1 -> setConfig(slot, BAR2, 4, random.nextInt() & 0xffff_ffffL);
            case 2 -> setConfig(slot, BAR2 + 4, 4, random.nextInt(3) == 0 ? 1 : 0);
            case 3 -> setConfig(slot, BAR2, 4, config(1 + random.nextInt(6), BAR2, 4));
            case 4 -> setConfig(slot, BAR0, 4, near);
            case 5 -> setConfig(slot, BAR1 + random.nextInt(4), 1, random.nextInt(256));
            default -> setConfig(slot, BAR2, 8, near);
        }
    }
}
