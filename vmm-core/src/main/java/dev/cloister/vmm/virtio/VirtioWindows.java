package dev.cloister.vmm.virtio;

import dev.cloister.devices.InterruptLine;
import dev.cloister.devices.MmioBus;
import dev.cloister.devices.acpi.AcpiMachine;
import dev.cloister.devices.pci.PciHost;
import dev.cloister.devices.virtio.QueueBell;
import dev.cloister.devices.virtio.VirtioDevice;
import dev.cloister.devices.virtio.VirtioMmio;
import dev.cloister.mmu.GuestMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/**
 * Where the virtio devices of a machine are that has them outside PCI (virtio 1.2, 4.2): one page for each, and one of the lines that PCI's
 * pins are wired to, in turn. Belongs to the thread that makes or restarts the machine.
 */
public final class VirtioWindows {
    /** The most devices. */
    static final int MOST = 32;

    private final long first;
    private final IntFunction<InterruptLine> lines;
    private final List<VirtioMmio> transports = new ArrayList<>();

    /**
     * No devices yet.
     *
     * @param first where the first window is, guest-physical, with room for 32 behind it
     * @param lines makes a source of interrupts on the line of a global system interrupt
     */
    public VirtioWindows(long first, IntFunction<InterruptLine> lines) {
        this.first = first;
        this.lines = lines;
    }

    /** Puts a device behind the next window; it is the caller's to start and to close. */
    VirtioMmio add(VirtioDevice device, GuestMemory memory, Supplier<QueueBell> bells) {
        int number = transports.size();
        if (number == MOST) {
            throw new IllegalArgumentException("more than " + MOST + " virtio devices; leave some out");
        }
        VirtioMmio transport = new VirtioMmio(device, memory, lines.apply(gsi(number)), bells, gpa(number));
        transports.add(transport);
        return transport;
    }

    private static int gsi(int number) {
        return PciHost.gsi(number);
    }

    private long gpa(int number) {
        return first + (long) number * VirtioMmio.BYTES;
    }

    /**
     * Puts the windows on a bus.
     *
     * @param bus a bus on which nothing else is there
     */
    public void attachTo(MmioBus bus) {
        for (int i = 0; i < transports.size(); i++) {
            bus.attach(gpa(i), VirtioMmio.BYTES, transports.get(i), "virtio device " + i);
        }
    }

    /** Resets the devices; returns when they touch guest memory no more. While no processor runs. */
    public void reset() {
        transports.forEach(VirtioMmio::reset);
    }

    /**
     * The windows as ACPI tells of them.
     *
     * @return in the order of the devices
     */
    public List<AcpiMachine.VirtioWindow> places() {
        List<AcpiMachine.VirtioWindow> places = new ArrayList<>();
        for (int i = 0; i < transports.size(); i++) {
            places.add(new AcpiMachine.VirtioWindow(new AcpiMachine.Window(gpa(i), VirtioMmio.BYTES), gsi(i)));
        }
        return places;
    }

    /**
     * The windows as kernels without ACPI take them on their command line (Linux, drivers/virtio/virtio_mmio.c).
     *
     * @return words separated by blanks, perhaps none
     */
    public String kernelParameters() {
        List<String> words = new ArrayList<>();
        for (int i = 0; i < transports.size(); i++) {
            words.add(String.format(Locale.ROOT, "virtio_mmio.device=4K@0x%x:%d", gpa(i), gsi(i)));
        }
        return String.join(" ", words);
    }
}
