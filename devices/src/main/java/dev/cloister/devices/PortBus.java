package dev.cloister.devices;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The 64 Ki I/O ports of one guest.
 *
 * <p><b>Dispatch.</b> The device that claims an access's first port decides. If the access runs past that device's end, its bytes go
 * one by one to whoever claims each port (ports wrap at 0xFFFF). An access whose first port is unclaimed is unclaimed as a whole, also
 * where a later byte would meet a device: else a 4-byte access to an absent PCI address register at 0xCF8 would hit the reset register
 * at 0xCF9. As on a PC, unclaimed reads give all ones and unclaimed writes are dropped; both are counted.
 *
 * <p><b>Hostile values.</b> Ports are cut to 16 bits and values to the access's size; a size other than 1, 2 or 4 is unclaimed. No
 * argument makes {@link #read} or {@link #write} throw.
 *
 * <p><b>A device that throws</b> is defective. The bus catches what it threw (errors of the virtual machine apart), takes the device
 * out of service, so that its ports are unclaimed from then on, keeps a {@link DeviceFailure} and tells the listener once. The VMM
 * decides whether the guest goes on.
 *
 * <p><b>Threads.</b> Everything may be called from any thread at any time, also {@link #attach}. Lookup is one array read and
 * allocates nothing.
 */
public final class PortBus {
    private static final int PORTS = 0x1_0000;
    private static final int PORT_MASK = PORTS - 1;

    private final AtomicReferenceArray<Slot> slots = new AtomicReferenceArray<>(PORTS);
    private final UnclaimedTable unclaimed = new UnclaimedTable();
    private final Failures failures;

    private static final class Slot {
        final int base;
        final int length;
        final PortDevice device;
        final String name;

        Slot(int base, int length, PortDevice device, String name) {
            this.base = base;
            this.length = length;
            this.device = device;
            this.name = name;
        }

        String text() {
            return "'" + name + "' at ports 0x" + Integer.toHexString(base) + "-0x"
                    + Integer.toHexString(base + length - 1);
        }
    }

    /** A bus without devices that tells nobody of failures. */
    public PortBus() {
        this(DeviceFailureListener.NONE);
    }

    /**
     * A bus without devices.
     *
     * @param listener who is told when a device fails
     */
    public PortBus(DeviceFailureListener listener) {
        failures = new Failures(listener);
    }

    /**
     * Puts a device on the bus.
     *
     * @param base first port, 0 to 0xFFFF
     * @param length number of ports, at least 1
     * @param device the device
     * @param name what it is called in messages
     * @throws IllegalArgumentException if the range is not within 0 to 0xFFFF or overlaps another device's; the message names both
     */
    public synchronized void attach(int base, int length, PortDevice device, String name) {
        Slot slot = new Slot(base, length, Objects.requireNonNull(device), Objects.requireNonNull(name));
        if (base < 0 || length < 1 || base > PORT_MASK || length > PORTS - base) {
            throw new IllegalArgumentException("device " + slot.text() + " does not fit in ports 0x0-0xffff");
        }
        for (int port = base; port < base + length; port++) {
            Slot other = slots.get(port);
            if (other != null) {
                throw new IllegalArgumentException("device " + slot.text() + " overlaps " + other.text());
            }
        }
        for (int port = base; port < base + length; port++) {
            slots.set(port, slot);
        }
    }

    /**
     * Takes a device off the bus. An access that has begun on another thread still ends.
     *
     * @param base the first port that it was attached with
     * @return whether there was a device with this base
     */
    public synchronized boolean detach(int base) {
        Slot slot = slots.get(base & PORT_MASK);
        if (slot == null || slot.base != base) {
            return false;
        }
        clear(slot);
        return true;
    }

    private synchronized boolean clear(Slot slot) {
        boolean wasThere = false;
        for (int port = slot.base; port < slot.base + slot.length; port++) {
            wasThere |= slots.compareAndSet(port, slot, null);
        }
        return wasThere;
    }

    /**
     * Reads from a port, as the {@code in} instruction does.
     *
     * @param port the port; only bits 15:0 count
     * @param size bytes: 1, 2 or 4
     * @return the value, zero-extended; all ones of the size if unclaimed
     */
    public long read(int port, int size) {
        int first = port & PORT_MASK;
        Slot slot = slots.get(first);
        if (slot == null || !isSize(size)) {
            unclaimed.count(first, false);
            return ones(size);
        }
        int offset = first - slot.base;
        if (offset + size <= slot.length) {
            return readDevice(slot, offset, size);
        }
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= read(first + i, 1) << (8 * i);
        }
        return value;
    }

    /**
     * Writes to a port, as the {@code out} instruction does.
     *
     * @param port the port; only bits 15:0 count
     * @param size bytes: 1, 2 or 4
     * @param value the value; only the size's low bits count
     */
    public void write(int port, int size, long value) {
        int first = port & PORT_MASK;
        Slot slot = slots.get(first);
        if (slot == null || !isSize(size)) {
            unclaimed.count(first, true);
            return;
        }
        int offset = first - slot.base;
        if (offset + size <= slot.length) {
            writeDevice(slot, offset, size, value & ones(size));
            return;
        }
        for (int i = 0; i < size; i++) {
            write(first + i, 1, value >>> (8 * i));
        }
    }

    private long readDevice(Slot slot, int offset, int size) {
        try {
            return slot.device.read(offset, size) & ones(size);
        } catch (RuntimeException | AssertionError | StackOverflowError cause) {
            retire(slot, new DeviceFailure(slot.name, slot.base + (long) offset, size, false, 0, cause));
            return ones(size);
        }
    }

    private void writeDevice(Slot slot, int offset, int size, long value) {
        try {
            slot.device.write(offset, size, value);
        } catch (RuntimeException | AssertionError | StackOverflowError cause) {
            retire(slot, new DeviceFailure(slot.name, slot.base + (long) offset, size, true, value, cause));
        }
    }

    private void retire(Slot slot, DeviceFailure failure) {
        if (clear(slot)) {
            failures.report(failure);
        }
    }

    private static boolean isSize(int size) {
        return size == 1 || size == 2 || size == 4;
    }

    private static long ones(int size) {
        return size >= 1 && size < Long.BYTES ? (1L << (8 * size)) - 1 : -1L;
    }

    /**
     * How often the guest read where there is no device.
     *
     * @return the number of reads
     */
    public long unclaimedReads() {
        return unclaimed.reads();
    }

    /**
     * How often the guest wrote where there is no device.
     *
     * @return the number of writes
     */
    public long unclaimedWrites() {
        return unclaimed.writes();
    }

    /**
     * The unclaimed ports that were used most, most frequent first: at most 16. A count may include that of a rarer port that had to
     * give way.
     *
     * @return an immutable list
     */
    public List<UnclaimedAccess> topUnclaimed() {
        return unclaimed.top();
    }

    /**
     * The failures of devices so far, oldest first: the first 16.
     *
     * @return an immutable list
     */
    public List<DeviceFailure> failures() {
        return failures.kept();
    }
}
