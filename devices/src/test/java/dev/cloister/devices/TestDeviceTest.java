package dev.cloister.devices;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TestDeviceTest {
    private final PortBus ports = new PortBus();
    private final MmioBus mmio = new MmioBus();
    private final List<String> driven = new ArrayList<>();

    @BeforeEach
    void attach() {
        new TestDevice(gsi -> high -> driven.add(gsi + (high ? " high" : " low")), 24).attachTo(ports, mmio);
    }

    @Test
    void echoesBytesWordsAndDoublewordsAtBothPlaces() {
        ports.write(0xE0, 4, 0x11223344);
        ports.write(0xE1, 1, 0xAB);
        ports.write(0xEA, 2, 0x5566);
        assertThat(ports.read(0xE0, 4)).isEqualTo(0x5566AB44L);
        assertThat(ports.read(0xE8, 4)).isEqualTo(0x5566AB44L);
        assertThat(ports.read(0xE2, 2)).isEqualTo(0x5566L);
        assertThat(ports.read(0xEB, 1)).isEqualTo(0x55L);
    }

    @Test
    void aWriteAcrossTheEndReachesOnlyWhatLiesInside() {
        ports.write(0xE0, 4, 0);
        ports.write(0xE3, 2, 0x99AA);
        assertThat(ports.read(0xE0, 4)).isEqualTo(0xAA000000L);
    }

    @Test
    void droppingAMappingChangesNothing() {
        ports.write(0xE0, 4, 7);
        ports.write(0xE4, 4, 0x1000);
        assertThat(ports.read(0xE4, 4)).isZero();
        assertThat(ports.read(0xE0, 4)).isEqualTo(7);
    }

    @Test
    void aByteDrivesItsLine() {
        ports.write(0x200E, 1, 1);
        ports.write(0x200E, 1, 0);
        ports.write(0x2017, 1, 0x80);
        assertThat(driven).containsExactly("14 high", "14 low", "23 high");
        assertThat(ports.read(0x2018, 1)).isEqualTo(0xFF);
    }

    @Test
    void memoryTakesEveryWidthAtEveryPlace() {
        mmio.write(0xFF000001L, 8, 0x1122334455667788L);
        assertThat(mmio.read(0xFF000002L, 4)).isEqualTo(0x44556677L);
        mmio.write(0xFF000003L, 2, 0xABCD);
        mmio.write(0xFF00FFFFL, 1, 0xEE);
        assertThat(mmio.read(0xFF000000L, 8)).isEqualTo(0x223344ABCD778800L);
        assertThat(mmio.read(0xFF00FFFEL, 2)).isEqualTo(0xEE00L);
    }
}
