package dev.cloister.vmm.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.devices.InterruptLine;
import dev.cloister.devices.MmioBus;
import dev.cloister.devices.acpi.AcpiMachine;
import dev.cloister.devices.virtio.QueueBell;
import dev.cloister.devices.virtio.rng.RngDevice;
import dev.cloister.mmu.GuestMemory;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Where devices outside PCI are, and that the guest is told the same in both ways. */
class VirtioWindowsTest {
    private static final long MAGIC = 0x7472_6976;
    private static final int STATUS = 0x70;

    @Test
    void everyDeviceHasAWindowAndALineAsItIsTold() {
        try (Arena arena = Arena.ofConfined()) {
            GuestMemory memory = GuestMemory.builder()
                    .ram("RAM", 0, arena.allocate(4096, 4096))
                    .build();
            List<Integer> lines = new ArrayList<>();
            VirtioWindows windows = new VirtioWindows(0xFEC1_0000L, gsi -> {
                lines.add(gsi);
                return InterruptLine.NONE;
            });
            assertThat(windows.kernelParameters()).isEmpty();
            for (int i = 0; i < VirtioWindows.MOST; i++) {
                add(windows, memory);
            }
            assertThatThrownBy(() -> add(windows, memory))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("more than 32 virtio devices");
            assertThat(windows.kernelParameters())
                    .startsWith("virtio_mmio.device=4K@0xfec10000:16 virtio_mmio.device=4K@0xfec11000:17 ");
            assertThat(windows.places())
                    .extracting(AcpiMachine.VirtioWindow::gsi)
                    .isEqualTo(lines);
            assertThat(lines).startsWith(16, 17, 18, 19, 20, 21, 22, 23, 16);
            MmioBus bus = new MmioBus();
            windows.attachTo(bus);
            for (AcpiMachine.VirtioWindow place : windows.places()) {
                assertThat(bus.read(place.registers().base(), 4)).isEqualTo(MAGIC);
            }
            long status = windows.places().getFirst().registers().base() + STATUS;
            bus.write(status, 4, 1);
            assertThat(bus.read(status, 4)).isOne();
            windows.reset();
            assertThat(bus.read(status, 4)).isZero();
        }
    }

    /** Its thread is never started, so that there is nothing to close. */
    private static void add(VirtioWindows windows, GuestMemory memory) {
        windows.add(new RngDevice(into -> {}), memory, QueueBell::parking);
    }
}
