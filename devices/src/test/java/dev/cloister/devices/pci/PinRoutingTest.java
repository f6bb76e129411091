package dev.cloister.devices.pci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.devices.MmioBus;
import dev.cloister.devices.PortBus;
import dev.cloister.devices.PortDevice;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Interrupt pins at the inputs of the 8259s, where guests without I/O APIC look for them. */
class PinRoutingTest {
    private static final int INTERRUPT_LINE = 0x3C;
    private static final int COMMAND = 4;
    private static final int INTERRUPT_DISABLE = 0x400;
    private static final int ISA_SLOT = 31;
    private static final int ROUTES = 0x60;
    private static final int MORE_ROUTES = 0x68;
    /** As SeaBIOS and UEFI write them. */
    private static final long FIRMWARE_ROUTES = 0x0B0B_0A0AL;

    private final List<String> levels = new ArrayList<>();
    private final PortBus ports = new PortBus();

    private PciHost host(Chipset chipset) {
        PciHost host = new PciHost(
                List.of(new PciWindow(0xC000_0000L, 0x1000_0000L)),
                gsi -> high -> levels.add((high ? "+" : "-") + gsi),
                chipset);
        PortDevice noReset = new PortDevice() {
            @Override
            public long read(int offset, int size) {
                return 0;
            }

            @Override
            public void write(int offset, int size, long value) {
                // No reset in this test.
            }
        };
        host.attachTo(ports, noReset, new MmioBus(), 0xE000_0000L);
        return host;
    }

    private static PciFunction function() {
        return PciFunction.builder(new PciIds(1, 2, 3, 4, 5, 6)).interruptPin().build();
    }

    private long config(int slot, int register) {
        ports.write(PciHost.PORT, 4, 1L << 31 | slot << 11 | register);
        return ports.read(PciHost.PORT + 4, 4);
    }

    private void setConfig(int slot, int register, long value) {
        ports.write(PciHost.PORT, 4, 1L << 31 | slot << 11 | register);
        ports.write(PciHost.PORT + 4, 4, value);
    }

    private List<String> levels() {
        List<String> result = List.copyOf(levels);
        levels.clear();
        return result;
    }

    @Test
    void aPlainBusTellsItsRoutesInTheInterruptLineRegisters() {
        PciHost host = host(Chipset.PLAIN);
        List<Long> registers = new ArrayList<>();
        for (int slot = 1; slot <= 5; slot++) {
            host.attach(slot, function());
            registers.add(config(slot, INTERRUPT_LINE));
        }
        host.attach(6, PciFunction.builder(new PciIds(1, 2, 3, 4, 5, 6)).build());
        assertThat(registers).containsExactly(0x10AL, 0x10BL, 0x10BL, 0x10AL, 0x10AL);
        assertThat(config(6, INTERRUPT_LINE)).as("without a pin").isZero();
        setConfig(1, INTERRUPT_LINE, 5);
        host.reset();
        assertThat(config(1, INTERRUPT_LINE)).isEqualTo(0x10A);
    }

    @Test
    void aPinDrivesTheInputThatItsRegisterNames() {
        PciHost host = host(Chipset.PLAIN);
        PciFunction first = function();
        PciFunction second = function();
        host.attach(1, first);
        host.attach(2, second);
        first.setInterrupt(true);
        second.setInterrupt(true);
        first.setInterrupt(false);
        setConfig(2, COMMAND, INTERRUPT_DISABLE);
        assertThat(levels()).containsExactly("+17", "+10", "+18", "+11", "-17", "-10", "-18", "-11");
    }

    /** Slots 1 and 4: guests that leave the input edge-triggered would else lose the second one's interrupt. */
    @Test
    void everyPinThatIsAssertedMakesAnEdgeOnASharedInput() {
        PciHost host = host(Chipset.PLAIN);
        PciFunction first = function();
        PciFunction second = function();
        host.attach(1, first);
        host.attach(4, second);
        first.setInterrupt(true);
        second.setInterrupt(true);
        first.setInterrupt(false);
        second.setInterrupt(false);
        assertThat(levels()).containsExactly("+17", "+10", "+20", "-10", "+10", "-17", "-20", "-10");
    }

    @Test
    void onQ35TheLpcBridgesRegistersSayWherePinsGo() {
        PciHost host = host(Chipset.Q35);
        PciFunction function = function();
        host.attach(5, function);
        assertThat(config(5, INTERRUPT_LINE)).as("for firmware to fill in").isEqualTo(0x100);
        function.setInterrupt(true);
        assertThat(levels()).as("no route").containsExactly("+21");
        setConfig(ISA_SLOT, ROUTES, FIRMWARE_ROUTES);
        assertThat(levels()).as("PIRQA to PIRQD").isEmpty();
        setConfig(ISA_SLOT, MORE_ROUTES, FIRMWARE_ROUTES);
        assertThat(levels()).as("PIRQF is asserted").containsExactly("+10");
        setConfig(ISA_SLOT, MORE_ROUTES, 0x0B0B_050AL);
        assertThat(levels()).containsExactly("-10", "+5");
        setConfig(ISA_SLOT, MORE_ROUTES, 0x0B0B_040AL);
        assertThat(levels()).as("COM1 has input 4").containsExactly("-5");
        setConfig(ISA_SLOT, MORE_ROUTES, FIRMWARE_ROUTES);
        host.reset();
        assertThat(levels()).containsExactly("+10", "-21", "-10");
        function.setInterrupt(true);
        assertThat(levels()).as("routes are gone").containsExactly("+21");
    }
}
