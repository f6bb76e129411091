package dev.cloister.devices.pci;

/**
 * The two functions by which firmware knows a Q35 machine: the host bridge (Intel 3 Series Express Chipset data sheet, 316966, chapter 5)
 * and ICH9's LPC bridge (316972, chapter 13). Their registers hold what firmware writes; those for ECAM's place and for the routes of
 * interrupt pins to the 8259s have an effect. Memory below 1 MiB is always RAM, and the power management block and decoded ports stay where
 * they are: firmware sets them to just that.
 */
final class Q35 {
    /** The LPC bridge's slot. */
    static final int ISA_SLOT = 31;

    private static final PciIds HOST = new PciIds(0x8086, 0x29c0, 0x1af4, 0x1100, 0x060000, 0);
    private static final PciIds ISA = new PciIds(0x8086, 0x2918, 0x1af4, 0x1100, 0x060100, 2);
    private static final int COMMAND = 0x04;
    private static final int MEMORY_AND_MASTER = 6;
    private static final int PORTS = 1;

    private static final int ECAM = 0x60;
    private static final int ECAM_HIGH = 0x64;
    private static final int ECAM_ENABLE = 1;
    private static final int ECAM_LENGTH = 6;
    private static final int ECAM_BASE = 0xF000_0000;
    private static final int MEMORY_ATTRIBUTES = 0x90;

    private static final int POWER_BASE = 0x40;
    private static final int POWER_CONTROL = 0x44;
    private static final int ROUTES = 0x60;
    private static final int MORE_ROUTES = 0x68;
    private static final int UNROUTED = 0x8080_8080;
    private static final int ROUTE_BITS = 0x8F8F_8F8F;
    private static final int ROUTE_OFF = 0x80;
    private static final int ROUTE_IRQ = 0xF;
    private static final int DECODE = 0x80;
    private static final int ROOT_COMPLEX = 0xF0;

    private Q35() {}

    static PciFunction hostBridge() {
        return PciFunction.builder(HOST)
                .register(COMMAND, MEMORY_AND_MASTER, 0)
                .register(ECAM, 0, ECAM_BASE | ECAM_LENGTH | ECAM_ENABLE)
                .register(ECAM_HIGH, 0, 0xF)
                .register(MEMORY_ATTRIBUTES, 0, 0x3333_3330)
                .register(MEMORY_ATTRIBUTES + 4, 0, 0x0033_3333)
                .build();
    }

    static PciFunction isaBridge() {
        return PciFunction.builder(ISA)
                .register(COMMAND, MEMORY_AND_MASTER | PORTS, 0)
                .register(POWER_BASE, 1, 0xFF80)
                .register(POWER_CONTROL, 0, 0x87)
                .register(ROUTES, UNROUTED, ROUTE_BITS)
                .register(MORE_ROUTES, UNROUTED, ROUTE_BITS)
                .register(DECODE, 0, -1)
                .register(ROOT_COMPLEX, 0, 0xFFFF_C001)
                .build();
    }

    /** Where the host bridge says that ECAM is; -1 while nowhere. */
    static long ecam(PciFunction hostBridge) {
        int low = hostBridge.register(ECAM);
        boolean on = (low & ECAM_ENABLE) != 0 && hostBridge.register(ECAM_HIGH) == 0;
        return on ? Integer.toUnsignedLong(low & ECAM_BASE) : -1;
    }

    /** Which input of the 8259s the LPC bridge routes PIRQA (0) to PIRQH (7) to (13.1.17 and 13.1.19); {@link PinRouter#NONE} where none. */
    static int route(PciFunction isaBridge, int pin) {
        int register = isaBridge.register(pin < Integer.BYTES ? ROUTES : MORE_ROUTES);
        int route = register >>> Byte.SIZE * (pin % Integer.BYTES);
        return (route & ROUTE_OFF) != 0 ? PinRouter.NONE : route & ROUTE_IRQ;
    }
}
