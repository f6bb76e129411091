package dev.cloister.devices.virtio.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.devices.virtio.TestDriver;
import dev.cloister.devices.virtio.TestHost;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the device says of itself, what it makes of headers, and its addresses. */
@Timeout(300)
class NetDeviceTest {
    private static final long TCP4 = NetFeatures.CSUM | NetFeatures.HOST_TSO4;

    private static NetDevice device(FramePort port, int mtu) {
        return new NetDevice(port, new NetSettings("network 0", MacAddress.parse("52:54:00:ab:cd:ef"), mtu, 0));
    }

    @Test
    void tellsItsAddressItsLinkAndItsMtu() {
        FramePort port = new FramePort();
        try (TestDriver driver = new TestDriver(device(port, 9000))) {
            driver.bringUp(0);
            assertThat(driver.deviceConfig(0, 4)).isEqualTo(0xab005452L);
            assertThat(driver.deviceConfig(4, 2)).isEqualTo(0xefcdL);
            assertThat(driver.deviceConfig(6, 2)).isEqualTo(1);
            assertThat(driver.deviceConfig(10, 2)).isEqualTo(9000);
            port.cut();
            assertThat(driver.deviceConfig(6, 2)).isZero();
        }
    }

    @Test
    void theMtuIsOfferedOnlyIfThereIsOne() {
        assertThat(device(new FramePort(), 0).features() & NetFeatures.MTU).isZero();
        assertThat(device(new FramePort(), 68).features() & NetFeatures.MTU).isNotZero();
        assertThatThrownBy(() -> device(new FramePort(), 67)).hasMessageContaining("68 to 65535");
    }

    @Test
    void whatADriverTakesThatRestsOnWhatItLeftOutIsNotUsed() {
        FramePort port = new FramePort();
        NetDevice device = device(port, 0);
        TestHost host = new TestHost();
        device.activate(NetFeatures.GUEST_TSO4 | NetFeatures.GUEST_ECN | NetFeatures.HOST_TSO4, host);
        assertThat(port.used()).isZero();
        device.activate(NetFeatures.GUEST_CSUM | NetFeatures.GUEST_ECN, host);
        assertThat(port.used()).isEqualTo(NetFeatures.GUEST_CSUM);
        device.reset();
        assertThat(port.used()).isZero();
        assertThat(host.notes()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        // flags, type, size, start, offset, length, features taken, what is wrong
        "0, 0, 0, 0, 0, 60, 0, ''",
        "1, 0, 0, 34, 16, 60, 0, not negotiated",
        "1, 0, 0, 34, 16, 60, 1, ''",
        "1, 0, 0, 44, 16, 61, 1, a checksum to put at 60 of 61",
        "1, 0, 0, 44, 16, 62, 1, ''",
        "1, 0, 0, 65535, 65535, 65600, 1, a checksum to put at 131070",
        "1, 1, 1448, 34, 16, 5000, 1, type 1",
        "1, 1, 1448, 34, 16, 5000, 2049, ''",
        "1, 4, 1448, 34, 16, 5000, 2049, type 4",
        "1, 129, 1448, 34, 16, 5000, 2049, type 129",
        "1, 129, 1448, 34, 16, 5000, 10241, ''",
        "1, 3, 1448, 34, 16, 5000, 10241, type 3",
        "1, 128, 1448, 34, 16, 5000, 10241, type 128",
        "0, 1, 1448, 34, 16, 5000, 2049, without a checksum",
        "1, 1, 0, 34, 16, 5000, 2049, of no size",
    })
    void headersAskForWhatWasNegotiatedOrTheirFrameIsDropped(
            int flags, int type, int size, int start, int offset, int length, long features, String fault) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment header = arena.allocate(NetPort.HEADER_BYTES);
            header(header, flags, type, size, start, offset);
            String found = FrameHeader.clean(header, length, features);
            if (fault.isEmpty()) {
                assertThat(found).isEmpty();
            } else {
                assertThat(found).contains(fault);
            }
        }
    }

    @Test
    void whatHasNoMeaningIsTakenOut() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment header = arena.allocate(NetPort.HEADER_BYTES);
            header(header, 0xfe, 0, 77, 3, 4);
            assertThat(FrameHeader.clean(header, 60, TCP4)).isEmpty();
            assertThat(header.toArray(ValueLayout.JAVA_BYTE)).containsOnly((byte) 0);
        }
    }

    private static void header(MemorySegment header, int flags, int type, int size, int start, int offset) {
        ByteBuffer fields = header.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        fields.put((byte) flags).put((byte) type).putShort((short) 54).putShort((short) size);
        fields.putShort((short) start).putShort((short) offset).putShort((short) 99);
    }

    @Test
    void addressesAreReadAndMade() {
        assertThat(MacAddress.parse("52:54:00:AB:cd:EF")).hasToString("52:54:00:ab:cd:ef");
        for (String wrong :
                new String[] {"", "52:54:00:ab:cd", "01:00:00:00:00:00", "00:00:00:00:00:00", "5254:00:ab:cd:ef"}) {
            assertThatThrownBy(() -> MacAddress.parse(wrong))
                    .as(wrong)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'" + wrong + "'");
        }
        assertThat(MacAddress.of("tap0")).isEqualTo(MacAddress.of("tap0")).isNotEqualTo(MacAddress.of("tap1"));
        for (int i = 0; i < 1000; i++) {
            assertThat(MacAddress.of("tap" + i).octet(0) & 3).as("tap" + i).isEqualTo(2);
        }
    }
}
