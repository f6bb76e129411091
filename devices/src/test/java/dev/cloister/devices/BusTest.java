package dev.cloister.devices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BusTest {
    private static final class Probe implements PortDevice, MmioDevice {
        final List<String> calls = new ArrayList<>();
        long answer = 0x8877_6655_4433_2211L;

        @Override
        public long read(int offset, int size) {
            return read((long) offset, size);
        }

        @Override
        public void write(int offset, int size, long value) {
            write((long) offset, size, value);
        }

        @Override
        public long read(long offset, int size) {
            calls.add("r" + size + "@" + offset);
            return answer;
        }

        @Override
        public void write(long offset, int size, long value) {
            calls.add("w" + size + "@" + offset + "=" + Long.toHexString(value));
        }
    }

    @Test
    void aDeviceSeesOffsetsAndCutValues() {
        PortBus bus = new PortBus();
        Probe probe = new Probe();
        bus.attach(0x100, 8, probe, "probe");
        assertThat(bus.read(0x100, 1)).isEqualTo(0x11);
        assertThat(bus.read(0x106, 2)).isEqualTo(0x2211);
        assertThat(bus.read(0xABCD_0104, 4)).isEqualTo(0x44332211);
        bus.write(0x107, 1, -2);
        bus.write(0x104, 4, -1);
        assertThat(probe.calls).containsExactly("r1@0", "r2@6", "r4@4", "w1@7=fe", "w4@4=ffffffff");
        assertThat(bus.unclaimedReads()).isZero();
    }

    @Test
    void unclaimedPortsReadAsOnesAndAreCounted() {
        PortBus bus = new PortBus();
        assertThat(bus.read(0x1234, 1)).isEqualTo(0xFF);
        assertThat(bus.read(0x1234, 2)).isEqualTo(0xFFFF);
        assertThat(bus.read(0xFFFF, 4)).isEqualTo(0xFFFF_FFFFL);
        bus.write(0x80, 1, 5);
        assertThat(bus.unclaimedReads()).isEqualTo(3);
        assertThat(bus.unclaimedWrites()).isEqualTo(1);
        assertThat(bus.topUnclaimed().getFirst()).isEqualTo(new UnclaimedAccess(0x1234, 2));
    }

    @Test
    void anAccessThatRunsPastADeviceGoesOnByteByByte() {
        PortBus bus = new PortBus();
        Probe first = new Probe();
        Probe second = new Probe();
        bus.attach(0xFFFE, 1, first, "first");
        bus.attach(0, 1, second, "second");
        first.answer = 0xA1;
        second.answer = 0xB2;
        assertThat(bus.read(0xFFFE, 4)).isEqualTo(0xFFB2_FFA1L);
        bus.write(0xFFFE, 4, 0x44332211);
        assertThat(first.calls).containsExactly("r1@0", "w1@0=11");
        assertThat(second.calls).containsExactly("r1@0", "w1@0=33");
    }

    @Test
    void aWideAccessThatBeginsOnNothingReachesNothing() {
        PortBus bus = new PortBus();
        Recorder machine = new Recorder();
        bus.attach(ResetControl.PORT, ResetControl.PORTS, new ResetControl(machine), "reset");
        bus.write(0xCF8, 4, 0x8000_0600L);
        assertThat(machine.events).isEmpty();
        bus.write(0xCF9, 1, 6);
        assertThat(machine.events).containsExactly("reset");
    }

    @ParameterizedTest
    @CsvSource({"0x100, 4", "0xFF, 2", "0x103, 1", "0xFD, 16"})
    void overlapIsRefusedWithBothNames(String base, int length) {
        PortBus ports = new PortBus();
        ports.attach(0x100, 4, new Probe(), "serial");
        assertThatThrownBy(() -> ports.attach(Integer.decode(base), length, new Probe(), "clock"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'clock'")
                .hasMessageContaining("'serial'");
        MmioBus mmio = new MmioBus();
        mmio.attach(0x100, 4, new Probe(), "serial");
        assertThatThrownBy(() -> mmio.attach(Integer.decode(base), length, new Probe(), "clock"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'clock'")
                .hasMessageContaining("'serial'");
        assertThat(ports.read(0xFF, 1)).isEqualTo(0xFF);
    }

    @ParameterizedTest
    @CsvSource({"-1, 1", "0, 0", "0xFFFF, 2", "0x10000, 1", "5, 0x7FFFFFFF"})
    void rangesOutsideThePortsAreRefused(String base, String length) {
        PortBus bus = new PortBus();
        assertThatThrownBy(() -> bus.attach(Integer.decode(base), Integer.decode(length), new Probe(), "odd"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'odd'");
    }

    @Test
    void detachedDevicesAreUnclaimed() {
        PortBus ports = new PortBus();
        ports.attach(8, 2, new Probe(), "probe");
        assertThat(ports.detach(9)).isFalse();
        assertThat(ports.detach(8)).isTrue();
        assertThat(ports.detach(8)).isFalse();
        assertThat(ports.read(9, 1)).isEqualTo(0xFF);
        MmioBus mmio = new MmioBus();
        mmio.attach(8, 2, new Probe(), "probe");
        assertThat(mmio.detach(9)).isFalse();
        assertThat(mmio.detach(8)).isTrue();
        assertThat(mmio.read(9, 1)).isEqualTo(0xFF);
    }

    @Test
    void aDeviceThatThrowsIsTakenOutOfServiceAndReportedOnce() {
        List<DeviceFailure> told = new ArrayList<>();
        PortBus ports = new PortBus(told::add);
        MmioBus mmio = new MmioBus(told::add);
        PortDevice broken = new PortDevice() {
            @Override
            public long read(int offset, int size) {
                throw new IllegalStateException("boom");
            }

            @Override
            public void write(int offset, int size, long value) {
                throw new IllegalStateException("bang");
            }
        };
        ports.attach(0x10, 2, broken, "broken");
        assertThat(ports.read(0x11, 1)).isEqualTo(0xFF);
        assertThat(ports.read(0x11, 1)).isEqualTo(0xFF);
        ports.write(0x10, 1, 0);
        assertThat(told).hasSize(1);
        assertThat(told.getFirst().describe()).contains("'broken'", "0x11", "boom");
        assertThat(ports.failures()).isEqualTo(told);
        assertThat(ports.unclaimedReads()).isEqualTo(1);
        mmio.attach(
                0x1000,
                8,
                new MmioDevice() {
                    @Override
                    public long read(long offset, int size) {
                        return 0;
                    }

                    @Override
                    public void write(long offset, int size, long value) {
                        throw new AssertionError("bang");
                    }
                },
                "worse");
        mmio.write(0x1000, 8, 7);
        assertThat(mmio.read(0x1000, 8)).isEqualTo(-1);
        assertThat(told).hasSize(2);
        assertThat(told.getLast().describe()).contains("'worse'", "0x7", "bang");
    }

    @Test
    void mmioFindsEachDeviceAmongMany() {
        MmioBus bus = new MmioBus();
        List<Probe> probes = new ArrayList<>();
        int[] order = {5, 0, 7, 3, 1, 6, 2, 4};
        for (int i = 0; i < 8; i++) {
            probes.add(new Probe());
        }
        for (int i : order) {
            bus.attach(0x1000L * i, 0x800, probes.get(i), "probe" + i);
        }
        for (int i = 0; i < 8; i++) {
            bus.read(0x1000L * i + i, 8);
            assertThat(probes.get(i).calls).containsExactly("r8@" + i);
            assertThat(bus.read(0x1000L * i + 0x800, 4)).isEqualTo(0xFFFF_FFFFL);
        }
        assertThat(bus.unclaimedReads()).isEqualTo(8);
    }

    @Test
    void mmioTakesOddSizesAndEdgesByteByByte() {
        MmioBus bus = new MmioBus();
        Probe probe = new Probe();
        bus.attach(0x1000, 4, probe, "probe");
        assertThat(bus.read(0x1000, 3)).isEqualTo(0x111111);
        assertThat(bus.read(0x1003, 2)).isEqualTo(0xFF11);
        bus.write(0x1002, 4, 0x04030201);
        assertThat(probe.calls).containsExactly("r1@0", "r1@1", "r1@2", "r1@3", "w1@2=1", "w1@3=2");
        assertThatThrownBy(() -> bus.attach(Long.MAX_VALUE, 2, probe, "far")).hasMessageContaining("'far'");
        assertThatThrownBy(() -> bus.attach(-4, 2, probe, "far")).hasMessageContaining("'far'");
    }

    @Test
    void noArgumentMakesABusThrow() {
        PortBus ports = new PortBus();
        MmioBus mmio = new MmioBus();
        ports.attach(0, 3, new Probe(), "low");
        ports.attach(0xFFFD, 3, new Probe(), "high");
        mmio.attach(0, 3, new Probe(), "low");
        mmio.attach(Long.MAX_VALUE - 2, 2, new Probe(), "high");
        Random random = new Random(7);
        for (int i = 0; i < 20_000; i++) {
            int size = random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(10);
            long at = random.nextBoolean() ? random.nextLong() : random.nextInt(-4, 4);
            ports.read((int) at, size);
            ports.write((int) at, size, random.nextLong());
            mmio.read(at, size);
            mmio.write(at, size, random.nextLong());
        }
        assertThat(ports.failures()).isEmpty();
        assertThat(mmio.failures()).isEmpty();
        assertThat(ports.topUnclaimed()).hasSize(UnclaimedTable.ENTRIES);
    }

    @Test
    void frequentPortsStayInTheTableHoweverManyRareOnesPass() {
        PortBus bus = new PortBus();
        for (int i = 0; i < 60_000; i++) {
            bus.read(i % 3 == 0 ? 0x77 : 0x1000 + i, 1);
        }
        assertThat(bus.topUnclaimed().getFirst().address()).isEqualTo(0x77);
        assertThat(bus.topUnclaimed().getFirst().count()).isGreaterThanOrEqualTo(20_000);
        assertThat(bus.topUnclaimed()).hasSize(UnclaimedTable.ENTRIES);
    }
}
