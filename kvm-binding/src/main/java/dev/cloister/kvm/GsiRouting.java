package dev.cloister.kvm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Where each global system interrupt (GSI) of a machine goes: pins of the in-kernel PICs and IOAPIC, or a message to a LAPIC (KVM API
 * 4.52). A table is filled, then put in force whole by {@link Vm#setGsiRouting}. Not thread-safe.
 */
public final class GsiRouting {
    private static final int IRQCHIP = 1;
    private static final int MSI = 2;
    private static final int PIC_MASTER = 0;
    private static final int PIC_SLAVE = 1;
    private static final int IOAPIC = 2;
    private static final int PIC_PINS = 8;
    private static final int ISA_LINES = 16;
    private static final int IOAPIC_PINS = 24;
    // struct kvm_irq_routing { u32 nr, flags; entries[] }, an entry is { u32 gsi, type, flags, pad; u32 u[8] }
    private static final int HEADER = 8;
    private static final int ENTRY = 48;
    private static final long MSI_ADDRESS = 0xFEE0_0000L;

    private final List<Route> routes = new ArrayList<>();

    /** {@code first} to {@code third} are chip and pin, or address low, address high and data. */
    private record Route(int gsi, int type, int first, int second, int third) {}

    /** Creates a table without routes. */
    public GsiRouting() {}

    /**
     * The table that KVM starts with: GSI 0 to 15 to the PICs and to the IOAPIC pin of the same number, GSI 16 to 23 to the IOAPIC.
     *
     * @return a new table
     */
    public static GsiRouting standard() {
        GsiRouting table = new GsiRouting();
        for (int gsi = 0; gsi < IOAPIC_PINS; gsi++) {
            if (gsi < ISA_LINES) {
                table.pic(gsi, gsi);
            }
            table.ioapic(gsi, gsi);
        }
        return table;
    }

    /**
     * Adds a route to a line of the PIC pair.
     *
     * @param gsi the interrupt
     * @param line 0 to 15
     * @return this table
     */
    public GsiRouting pic(int gsi, int line) {
        routes.add(new Route(gsi, IRQCHIP, line < PIC_PINS ? PIC_MASTER : PIC_SLAVE, line % PIC_PINS, 0));
        return this;
    }

    /**
     * Adds a route to a pin of the IOAPIC.
     *
     * @param gsi the interrupt
     * @param pin 0 to 23
     * @return this table
     */
    public GsiRouting ioapic(int gsi, int pin) {
        routes.add(new Route(gsi, IRQCHIP, IOAPIC, pin, 0));
        return this;
    }

    /**
     * Adds a route to a message (Intel SDM vol. 3, 11.11).
     *
     * @param gsi the interrupt
     * @param address the message's address
     * @param data the message's data
     * @return this table
     */
    public GsiRouting msi(int gsi, long address, int data) {
        routes.add(new Route(gsi, MSI, (int) address, (int) (address >>> 32), data));
        return this;
    }

    /**
     * Adds a route to one LAPIC: fixed delivery, edge-triggered.
     *
     * @param gsi the interrupt
     * @param apicId the LAPIC, 0 to 254
     * @param vector 16 to 255
     * @return this table
     */
    public GsiRouting lapic(int gsi, int apicId, int vector) {
        return msi(gsi, lapicAddress(apicId), vector);
    }

    /**
     * The message address that reaches one LAPIC.
     *
     * @param apicId the LAPIC, 0 to 254
     * @return an address for {@link #msi} and {@link Vm#signalMsi}
     */
    public static long lapicAddress(int apicId) {
        return MSI_ADDRESS | (long) apicId << 12;
    }

    /**
     * Takes all routes of an interrupt out.
     *
     * @param gsi the interrupt
     * @return this table
     */
    public GsiRouting remove(int gsi) {
        routes.removeIf(r -> r.gsi == gsi);
        return this;
    }

    MemorySegment toNative(Arena arena) {
        MemorySegment table = arena.allocate(HEADER + (long) routes.size() * ENTRY, 8);
        table.set(ValueLayout.JAVA_INT, 0, routes.size());
        for (int i = 0; i < routes.size(); i++) {
            Route r = routes.get(i);
            int[] words = {r.gsi, r.type, 0, 0, r.first, r.second, r.third};
            MemorySegment.copy(words, 0, table, ValueLayout.JAVA_INT, HEADER + (long) i * ENTRY, words.length);
        }
        return table;
    }

    @Override
    public String toString() {
        return routes.size() + " routes";
    }
}
