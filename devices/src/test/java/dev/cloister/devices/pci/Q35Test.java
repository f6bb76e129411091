package dev.cloister.devices.pci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.devices.InterruptLine;
import dev.cloister.devices.MmioBus;
import dev.cloister.devices.PortBus;
import dev.cloister.devices.PortDevice;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The chipset by which firmware knows a machine: what it says it is, and ECAM where the guest puts it. */
class Q35Test {
    private static final long HOME = 0xE000_0000L;
    private static final long BELOW = 0xB000_0000L;
    private static final int HOST_IDS = 0x29c0_8086;
    private static final int ISA_IDS = 0x2918_8086;
    private static final int ECAM_REGISTER = 0x60;

    private final PortBus ports = new PortBus();
    private MmioBus mmio = new MmioBus();
    private final PciHost host = new PciHost(
            List.of(new PciWindow(0xC000_0000L, 0x1000_0000L), new PciWindow(0xE010_0000L, 0x1000_0000L)),
            gsi -> InterruptLine.NONE,
            Chipset.Q35);

    Q35Test() {
        attach();
    }

    private void attach() {
        host.attachTo(
                ports,
                new PortDevice() {
                    @Override
                    public long read(int offset, int size) {
                        return 0;
                    }

                    @Override
                    public void write(int offset, int size, long value) {
                        // No reset in this test.
                    }
                },
                mmio,
                HOME);
    }

    private long config(int slot, int register) {
        ports.write(PciHost.PORT, 4, 1L << 31 | slot << 11 | register & 0xFC);
        return ports.read(PciHost.PORT + 4, 4);
    }

    private void setConfig(int slot, int register, long value) {
        ports.write(PciHost.PORT, 4, 1L << 31 | slot << 11 | register & 0xFC);
        ports.write(PciHost.PORT + 4, 4, value);
    }

    private boolean ecamAt(long gpa) {
        boolean isHost = mmio.read(gpa, 4) == HOST_IDS;
        boolean isIsa = mmio.read(gpa + (31 << 15), 4) == ISA_IDS;
        assertThat(isIsa).isEqualTo(isHost);
        return isHost;
    }

    @Test
    void hasTheBridgesThatFirmwareLooksFor() {
        assertThat(config(0, 0)).isEqualTo(HOST_IDS);
        assertThat(config(31, 0)).isEqualTo(ISA_IDS);
        assertThat(config(31, 8) >>> 8).isEqualTo(0x060100);
        setConfig(31, 0x40, 0x601);
        assertThat(config(31, 0x40)).isEqualTo(0x601);
        setConfig(31, 0x60, -1);
        assertThat(config(31, 0x60)).isEqualTo(0x8F8F_8F8FL);
        setConfig(0, 0x90, 0x3030_3030);
        assertThat(config(0, 0x90)).isEqualTo(0x3030_3030);
        assertThat(host.attach(PciFunction.builder(new PciIds(1, 2, 3, 4, 5, 6)).build()))
                .isEqualTo(1);
    }

    @Test
    void ecamIsWhereTheGuestPutsItAndNowhereBefore() {
        assertThat(ecamAt(HOME)).isFalse();
        assertThat(host.ecam()).isEqualTo(HOME);
        setConfig(0, ECAM_REGISTER, BELOW | 1);
        assertThat(ecamAt(BELOW)).isTrue();
        assertThat(host.ecam()).isEqualTo(BELOW);
        mmio.write(BELOW + ECAM_REGISTER, 4, HOME | 1);
        assertThat(ecamAt(BELOW)).isFalse();
        assertThat(ecamAt(HOME)).isTrue();
        setConfig(0, ECAM_REGISTER, HOME);
        assertThat(ecamAt(HOME)).isFalse();
    }

    @Test
    void whereverElseTheGuestPutsItItIsNowhere() {
        long seed = 35;
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 500; i++) {
            int low = random.nextInt();
            int high = random.nextInt(4) == 0 ? random.nextInt(32) : 0;
            setConfig(0, ECAM_REGISTER + 4, high);
            setConfig(0, ECAM_REGISTER, low);
            long base = low & 0xF000_0000L;
            boolean on = (low & 1) != 0 && (high & 0xF) == 0 && (base == HOME || base <= BELOW);
            assertThat(ecamAt(base)).as("seed " + seed + ", write " + i).isEqualTo(on);
        }
    }

    @Test
    void aResetTakesItAway() {
        setConfig(0, ECAM_REGISTER, BELOW | 1);
        host.reset();
        assertThat(ecamAt(BELOW)).isFalse();
        setConfig(0, ECAM_REGISTER, BELOW | 1);
        mmio = new MmioBus();
        attachAgain();
        assertThat(ecamAt(BELOW)).isTrue();
    }

    private void attachAgain() {
        ports.detach(PciHost.PORT);
        attach();
    }
}
