package dev.cloister.devices;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * The memory-mapped devices of one guest, by guest-physical address.
 *
 * <p>What {@link PortBus} says about dispatch, unclaimed accesses, hostile values, devices that throw and threads holds here as well,
 * with these differences: sizes 1, 2, 4 and 8 reach a device as they are; any other size from 3 to 7 (an access that KVM cut at a page's
 * edge) is taken byte by byte; addresses wrap at 2^64. Lookup is a binary search over an immutable table and allocates nothing.
 */
public final class MmioBus {
    private final UnclaimedTable unclaimed = new UnclaimedTable();
    private final Failures failures;
    private volatile Slot[] slots = new Slot[0];

    private static final class Slot {
        final long base;
        final long length;
        final MmioDevice device;
        final String name;

        Slot(long base, long length, MmioDevice device, String name) {
            this.base = base;
            this.length = length;
            this.device = device;
            this.name = name;
        }

        boolean overlaps(Slot other) {
            return base < other.base + other.length && other.base < base + length;
        }

        String text() {
            return "'" + name + "' at 0x" + Long.toHexString(base) + " with 0x" + Long.toHexString(length) + " bytes";
        }
    }

    /** A bus without devices that tells nobody of failures. */
    public MmioBus() {
        this(DeviceFailureListener.NONE);
    }

    /**
     * A bus without devices.
     *
     * @param listener who is told when a device fails
     */
    public MmioBus(DeviceFailureListener listener) {
        failures = new Failures(listener);
    }

    /**
     * Puts a device on the bus.
     *
     * @param base first guest-physical address, below 2^63
     * @param length bytes, at least 1
     * @param device the device
     * @param name what it is called in messages
     * @throws IllegalArgumentException if the range is empty, runs past 2^63 or overlaps another device's; the message names both
     */
    public synchronized void attach(long base, long length, MmioDevice device, String name) {
        Slot slot = new Slot(base, length, Objects.requireNonNull(device), Objects.requireNonNull(name));
        if (base < 0 || length < 1 || length > Long.MAX_VALUE - base) {
            throw new IllegalArgumentException("device " + slot.text() + " does not fit below 2^63");
        }
        Slot[] old = slots;
        int position = 0;
        for (Slot other : old) {
            if (slot.overlaps(other)) {
                throw new IllegalArgumentException("device " + slot.text() + " overlaps " + other.text());
            }
            if (other.base < base) {
                position++;
            }
        }
        Slot[] next = Arrays.copyOf(old, old.length + 1);
        System.arraycopy(old, position, next, position + 1, old.length - position);
        next[position] = slot;
        slots = next;
    }

    /**
     * Takes a device off the bus. An access that has begun on another thread still ends.
     *
     * @param base the first address that it was attached with
     * @return whether there was a device with this base
     */
    public boolean detach(long base) {
        Slot slot = find(base);
        return slot != null && slot.base == base && clear(slot);
    }

    private synchronized boolean clear(Slot slot) {
        Slot[] old = slots;
        Slot[] next = Arrays.stream(old).filter(other -> other != slot).toArray(Slot[]::new);
        slots = next;
        return next.length != old.length;
    }

    private Slot find(long gpa) {
        Slot[] table = slots;
        int low = 0;
        int high = table.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            Slot slot = table[middle];
            if (Long.compareUnsigned(gpa - slot.base, slot.length) < 0) {
                return slot;
            }
            if (Long.compareUnsigned(gpa, slot.base) < 0) {
                high = middle - 1;
            } else {
                low = middle + 1;
            }
        }
        return null;
    }

    /**
     * Reads from an address.
     *
     * @param gpa the guest-physical address
     * @param size bytes, 1 to 8
     * @return the value, zero-extended; all ones of the size if unclaimed
     */
    public long read(long gpa, int size) {
        Slot slot = find(gpa);
        if (slot == null || size < 1 || size > Long.BYTES) {
            unclaimed.count(gpa, false);
            return ones(size);
        }
        long offset = gpa - slot.base;
        if (Integer.bitCount(size) == 1 && size <= slot.length - offset) {
            return readDevice(slot, offset, size);
        }
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= read(gpa + i, 1) << (8 * i);
        }
        return value;
    }

    /**
     * Writes to an address.
     *
     * @param gpa the guest-physical address
     * @param size bytes, 1 to 8
     * @param value the value; only the size's low bits count
     */
    public void write(long gpa, int size, long value) {
        Slot slot = find(gpa);
        if (slot == null || size < 1 || size > Long.BYTES) {
            unclaimed.count(gpa, true);
            return;
        }
        long offset = gpa - slot.base;
        if (Integer.bitCount(size) == 1 && size <= slot.length - offset) {
            writeDevice(slot, offset, size, value & ones(size));
            return;
        }
        for (int i = 0; i < size; i++) {
            write(gpa + i, 1, value >>> (8 * i));
        }
    }

    private long readDevice(Slot slot, long offset, int size) {
        try {
            return slot.device.read(offset, size) & ones(size);
        } catch (RuntimeException | AssertionError | StackOverflowError cause) {
            retire(slot, new DeviceFailure(slot.name, slot.base + offset, size, false, 0, cause));
            return ones(size);
        }
    }

    private void writeDevice(Slot slot, long offset, int size, long value) {
        try {
            slot.device.write(offset, size, value);
        } catch (RuntimeException | AssertionError | StackOverflowError cause) {
            retire(slot, new DeviceFailure(slot.name, slot.base + offset, size, true, value, cause));
        }
    }

    private void retire(Slot slot, DeviceFailure failure) {
        if (clear(slot)) {
            failures.report(failure);
        }
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
     * The unclaimed addresses that were used most, most frequent first: at most 16. A count may include that of a rarer address that
     * had to give way.
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
