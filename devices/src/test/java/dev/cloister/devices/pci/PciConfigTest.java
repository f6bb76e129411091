package dev.cloister.devices.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.devices.MmioBus;
import dev.cloister.devices.MmioDevice;
import dev.cloister.devices.PortBus;
import dev.cloister.devices.PortDevice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Configuration space by both ways, against a literal model of bytes; ranges where the guest puts them. */
class PciConfigTest {
    private static final long ECAM = 0xE000_0000L;
    private static final PciWindow LOW = new PciWindow(0xC000_0000L, 0x1000_0000L);
    private static final PciWindow HIGH = new PciWindow(0x80_0000_0000L, 0x1_0000_0000L);
    private static final int COMMAND = 4;
    private static final int BAR0 = 0x10;
    private static final int BAR2 = 0x18;

    private final PortBus ports = new PortBus();
    private final MmioBus mmio = new MmioBus();
    private final List<String> reset = new ArrayList<>();
    private final boolean[] lines = new boolean[PciHost.FIRST_GSI + PciHost.GSIS];
    private final PciHost host = new PciHost(List.of(LOW, HIGH), gsi -> high -> lines[gsi] = high);
    private final Ram narrow = new Ram(0x1000);
    private final Ram wide = new Ram(0x10000);

    /** Bytes that remember. */
    private static final class Ram implements MmioDevice {
        final byte[] bytes;

        Ram(int size) {
            bytes = new byte[size];
        }

        @Override
        public long read(long offset, int size) {
            long value = 0;
            for (int i = 0; i < size; i++) {
                value |= (bytes[(int) offset + i] & 0xffL) << 8 * i;
            }
            return value;
        }

        @Override
        public void write(long offset, int size, long value) {
            for (int i = 0; i < size; i++) {
                bytes[(int) offset + i] = (byte) (value >>> 8 * i);
            }
        }
    }

    PciConfigTest() {
        host.attachTo(
                ports,
                new PortDevice() {
                    @Override
                    public long read(int offset, int size) {
                        return 0x5a;
                    }

                    @Override
                    public void write(int offset, int size, long value) {
                        reset.add(offset + ":" + value);
                    }
                },
                mmio,
                ECAM);
    }

    private static PciFunction.Builder builder() {
        return PciFunction.builder(new PciIds(0x1234, 0x5678, 0x9abc, 0xdef0, 0x010203, 4));
    }

    private PciFunction ranges() {
        return builder()
                .bar(new PciBar(0, false, 0x1000, narrow))
                .bar(new PciBar(2, true, 0x10000, wide))
                .interruptPin()
                .build();
    }

    private long config(int slot, int register, int size) {
        return mmio.read(ECAM + (slot << 15) + register, size);
    }

    private void setConfig(int slot, int register, int size, long value) {
        mmio.write(ECAM + (slot << 15) + register, size, value);
    }

    /** What a conventional function's 256 bytes read as, and which bits of them can be written. */
    private static final class Model {
        final byte[] value = new byte[256];
        final byte[] writable = new byte[256];

        Model() {
            put(value, 0, 0x5678_1234);
            put(value, 8, 0x0102_0304);
            put(value, 0x18, 4);
            put(value, 0x2c, 0xdef0_9abc);
            put(value, 0x3c, 0x10b);
            put(writable, COMMAND, 0x406);
            put(writable, 0x0c, 0xff);
            put(writable, BAR0, 0xffff_f000);
            put(writable, BAR2, 0xffff_0000);
            put(writable, BAR2 + 4, -1);
            put(writable, 0x3c, 0xff);
        }

        static void put(byte[] into, int at, int word) {
            for (int i = 0; i < 4; i++) {
                into[at + i] = (byte) (word >>> 8 * i);
            }
        }

        void write(int at, int size, long bytes) {
            for (int i = 0; i < size && at + i < 256; i++) {
                int mask = writable[at + i];
                value[at + i] = (byte) (value[at + i] & ~mask | (int) (bytes >>> 8 * i) & mask);
            }
        }

        long read(int at, int size) {
            long result = 0;
            for (int i = 0; i < size; i++) {
                result |= (at + i < 256 ? value[at + i] & 0xffL : 0) << 8 * i;
            }
            return result;
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void everyAccessByBothWaysIsWhatBytesWouldDo(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        host.attach(3, ranges());
        Model model = new Model();
        model.write(BAR0, 4, config(3, BAR0, 4));
        model.write(BAR2, 8, config(3, BAR2, 8));
        for (int i = 0; i < 20_000; i++) {
            boolean byPorts = random.nextBoolean();
            int size = 1 << random.nextInt(byPorts ? 3 : 4);
            int register = random.nextInt(byPorts ? 256 : 300);
            // A port access that crosses the four data ports is the port bus's affair, not configuration space's.
            register = byPorts ? register & -size : register;
            long value = random.nextLong();
            String what = "seed " + seed + " step " + i + ": " + size + " at 0x" + Integer.toHexString(register);
            boolean write = random.nextInt(3) == 0;
            if (byPorts) {
                ports.write(0xCF8, 4, 0x8000_0000L | 3 << 11 | register & 0xfc);
                if (write) {
                    ports.write(0xCFC + (register & 3), size, value);
                    model.write(register, size, value);
                } else {
                    assertThat(ports.read(0xCFC + (register & 3), size))
                            .as(what)
                            .isEqualTo(model.read(register, size));
                }
            } else if (write) {
                setConfig(3, register, size, value);
                model.write(register, size, value);
            } else {
                assertThat(config(3, register, size)).as(what).isEqualTo(model.read(register, size));
            }
        }
        assertThat(mmio.failures()).isEmpty();
        assertThat(ports.failures()).isEmpty();
    }

    @Test
    void absentFunctionsAndBusesReadAllOnes() {
        host.attach(3, ranges());
        assertThat(config(4, 0, 4)).isEqualTo(0xffff_ffffL);
        assertThat(mmio.read(ECAM + (3 << 15) + (1 << 12), 4)).isEqualTo(0xffff_ffffL);
        ports.write(0xCF8, 4, 0x8001_0000L | 3 << 11);
        assertThat(ports.read(0xCFC, 4)).isEqualTo(0xffff_ffffL);
        ports.write(0xCF8, 4, 3 << 11);
        assertThat(ports.read(0xCFC, 4)).as("disabled").isEqualTo(0xffff_ffffL);
        assertThat(config(0, 8, 4) >>> 16).as("host bridge").isEqualTo(0x0600);
    }

    @Test
    void bytesWithinTheAddressRegisterReachTheResetRegisterOnly() {
        ports.write(0xCF8, 4, 0x8000_1803L);
        assertThat(ports.read(0xCF8, 4)).as("bits 1:0 are zero").isEqualTo(0x8000_1800L);
        ports.write(0xCF9, 1, 6);
        ports.write(0xCFB, 1, 1);
        assertThat(ports.read(0xCF8, 4)).isEqualTo(0x8000_1800L);
        assertThat(reset).containsExactly("0:6");
        assertThat(ports.read(0xCF9, 1)).isEqualTo(0x5a);
    }

    @Test
    void sizesAreFoundByWritingOnes() {
        host.attach(3, ranges());
        setConfig(3, BAR0, 4, 0xffff_ffffL);
        setConfig(3, BAR2, 4, 0xffff_ffffL);
        setConfig(3, BAR2 + 4, 4, 0xffff_ffffL);
        assertThat(config(3, BAR0, 4)).isEqualTo(0xffff_f000L);
        assertThat(config(3, BAR2, 4)).isEqualTo(0xffff_0004L);
        assertThat(config(3, BAR2 + 4, 4)).isEqualTo(0xffff_ffffL);
        assertThat(config(3, 0x14, 4)).as("not there").isZero();
    }

    @Test
    void rangesAnswerWhereTheGuestPutsThemOnceItEnablesThem() {
        host.attach(3, ranges());
        long given = config(3, BAR0, 4);
        assertThat(LOW.holds(given, 0x1000)).isTrue();
        mmio.write(given, 4, 1);
        assertThat(narrow.bytes[0]).as("memory space disabled").isZero();
        setConfig(3, COMMAND, 2, 2);
        mmio.write(given, 4, 0x11223344);
        assertThat(mmio.read(given + 1, 2)).isEqualTo(0x2233);
        setConfig(3, BAR0, 4, 0xC800_0000L);
        assertThat(mmio.read(given, 4)).isEqualTo(0xffff_ffffL);
        assertThat(mmio.read(0xC800_0000L, 4)).isEqualTo(0x11223344);
        setConfig(3, BAR2, 8, 0x80_1234_0000L);
        mmio.write(0x80_1234_FFFFL, 1, 0x77);
        assertThat(wide.bytes[0xffff]).isEqualTo((byte) 0x77);
        assertThat(host.baseOf(wide)).isEqualTo(0x80_1234_0000L);
        setConfig(3, COMMAND, 2, 0);
        assertThat(mmio.read(0xC800_0000L, 4)).isEqualTo(0xffff_ffffL);
    }

    @Test
    void rangesOutsideTheWindowsAnswerNowhere() {
        host.attach(3, ranges());
        setConfig(3, COMMAND, 2, 2);
        for (long place : new long[] {0, 0x10_0000, 0xBFFF_F000L, 0xD000_0000L, ECAM, 0xFEE0_0000L, 0xFFFF_F000L}) {
            setConfig(3, BAR0, 4, place);
            assertThat(host.baseOf(narrow)).as("0x%x", place).isEqualTo(-1);
        }
        // Half inside the window.
        setConfig(3, BAR2, 8, LOW.end() - 0x8000 & -0x10000L);
        assertThat(host.baseOf(wide)).isNotEqualTo(LOW.end());
        assertThat(config(3, 0, 2)).as("ECAM is still there").isEqualTo(0x1234);
    }

    @Test
    void ofOverlappingRangesTheFirstFunctionAnswers() {
        Ram other = new Ram(0x1000);
        host.attach(3, ranges());
        host.attach(4, builder().bar(new PciBar(0, false, 0x1000, other)).build());
        setConfig(3, COMMAND, 2, 2);
        setConfig(4, COMMAND, 2, 2);
        setConfig(4, BAR0, 4, config(3, BAR0, 4));
        mmio.write(config(3, BAR0, 4), 4, 0x99);
        assertThat(narrow.bytes[0]).isEqualTo((byte) 0x99);
        assertThat(other.bytes[0]).isZero();
        setConfig(3, COMMAND, 2, 0);
        mmio.write(config(4, BAR0, 4), 4, 0x55);
        assertThat(other.bytes[0]).isEqualTo((byte) 0x55);
    }

    @Test
    void aSharedPinIsHighWhileOneFunctionAssertsIt() {
        PciFunction first = ranges();
        PciFunction second = builder().interruptPin().build();
        host.attach(1, first);
        host.attach(1 + PciHost.GSIS, second);
        first.setInterrupt(true);
        second.setInterrupt(true);
        first.setInterrupt(false);
        assertThat(lines[17]).isTrue();
        assertThat(config(9, 6, 2) & 8).as("interrupt status").isEqualTo(8);
        setConfig(9, COMMAND, 2, 0x400);
        assertThat(lines[17]).as("disabled").isFalse();
        assertThat(config(9, 6, 2) & 8).isEqualTo(8);
        setConfig(9, COMMAND, 2, 0);
        assertThat(lines[17]).isTrue();
        second.setInterrupt(false);
        assertThat(lines).doesNotContain(true);
        assertThat(Arrays.asList(PciHost.gsi(1), PciHost.gsi(31))).containsExactly(17, 23);
    }

    @Test
    void capabilitiesFormAList() {
        MsiX msix = new MsiX(5, 0, 0x800, 0xC00, MsiSink.NONE);
        PciFunction function = builder()
                .bar(new PciBar(0, false, 0x1000, narrow))
                .capability(msix)
                .capability(new MsiX(1, 0, 0, 0x100, MsiSink.NONE))
                .build();
        host.attach(2, function);
        assertThat(config(2, 6, 2) & 0x10).isEqualTo(0x10);
        int at = (int) config(2, 0x34, 1);
        assertThat(config(2, at, 4)).isEqualTo(0x0004_0000L | (at + 12) << 8 | 0x11);
        assertThat(config(2, at + 4, 4)).isEqualTo(0x800);
        assertThat(config(2, at + 12 + 1, 1)).as("the end").isZero();
        setConfig(2, at + 3, 1, 0xff);
        assertThat(config(2, at, 4)).isEqualTo(0xC004_0000L | (at + 12) << 8 | 0x11);
        assertThat(msix.isEnabled()).isTrue();
    }

    @Test
    void whatDoesNotFitIsRefused() {
        host.attach(3, ranges());
        PciFunction again = ranges();
        assertThatThrownBy(() -> host.attach(3, again)).hasMessageContaining("slot 3");
        assertThatThrownBy(() -> new PciBar(5, true, 0x1000, narrow)).hasMessageContaining("register 5");
        assertThatThrownBy(() -> new PciBar(0, false, 0x1800, narrow)).hasMessageContaining("power of two");
        PciFunction huge = builder().bar(new PciBar(0, false, 1L << 29, narrow)).build();
        assertThatThrownBy(() -> host.attach(5, huge)).hasMessageContaining("no PCI window");
        PciFunction.Builder twice =
                builder().bar(new PciBar(0, true, 0x1000, narrow)).bar(new PciBar(1, false, 0x1000, narrow));
        assertThatThrownBy(twice::build).hasMessageContaining("used twice");
    }
}
