package dev.cloister.mmu;

import dev.cloister.mmu.GuestMemoryException.Access;
import dev.cloister.mmu.GuestMemoryException.Reason;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * The guest-physical memory of one domain: a sorted table of regions over host memory, and of device windows, whose addresses it refuses
 * like any without memory.
 *
 * <p><b>Bounds.</b> Every access is checked against the table with its whole length. Plain accesses and copies may run from a region
 * into one that begins where it ends (then a scalar is not single-copy atomic); atomic accesses and slices lie in one region. If any
 * byte is not backed, or not writable for a write, the whole access is refused before any byte is moved. Lengths of zero succeed
 * everywhere.
 *
 * <p><b>Threads.</b> Any thread may access memory at any time. The table is immutable; {@link #map} and {@link #unmap} put a new one
 * in its place, and an access that has already begun ends on the old one. So host memory may be given back only through a shared
 * {@link java.lang.foreign.Arena}, whose close waits for such accesses.
 *
 * <p><b>Cost.</b> A binary search over a few regions; nothing is allocated unless an access is refused.
 */
public final class GuestMemory implements PhysicalMemory {
    /** Regions begin and end at multiples of this many bytes. */
    public static final int PAGE_BYTES = 4096;

    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle ATOMIC_INT =
            ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
    private static final VarHandle ATOMIC_LONG =
            ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();

    private final WriteWatch watch = new WriteWatch(this);
    private volatile RegionTable table;

    private GuestMemory(List<Region> regions) {
        this.table = new RegionTable(regions, watch, null);
    }

    /**
     * Starts the description of a memory.
     *
     * @return an empty builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects regions; order does not matter. Not safe for use by several threads. */
    public static final class Builder {
        private final List<Region> regions = new ArrayList<>();

        private Builder() {}

        /**
         * Adds memory to read and write.
         *
         * @param name what it is called in messages
         * @param gpa its first guest-physical address, a multiple of {@link GuestMemory#PAGE_BYTES}
         * @param host the host memory, a whole number of pages
         * @return this
         */
        public Builder ram(String name, long gpa, MemorySegment host) {
            return add(new Region(name, Region.Kind.RAM, gpa, host));
        }

        /**
         * Adds firmware.
         *
         * @param name what it is called in messages
         * @param gpa its first guest-physical address, a multiple of {@link GuestMemory#PAGE_BYTES}
         * @param host the host memory, a whole number of pages
         * @return this
         */
        public Builder rom(String name, long gpa, MemorySegment host) {
            return add(new Region(name, Region.Kind.ROM, gpa, host));
        }

        /**
         * Adds memory that the guest may only read.
         *
         * @param name what it is called in messages
         * @param gpa its first guest-physical address, a multiple of {@link GuestMemory#PAGE_BYTES}
         * @param host the host memory, a whole number of pages
         * @return this
         */
        public Builder readOnly(String name, long gpa, MemorySegment host) {
            return add(new Region(name, Region.Kind.READ_ONLY, gpa, host));
        }

        /**
         * Adds a device's registers.
         *
         * @param name what it is called in messages
         * @param gpa its first guest-physical address, a multiple of {@link GuestMemory#PAGE_BYTES}
         * @param bytes its length, a multiple of {@link GuestMemory#PAGE_BYTES}
         * @param window what answers
         * @return this
         */
        public Builder device(String name, long gpa, long bytes, DeviceWindow window) {
            return add(Region.device(name, gpa, bytes, window));
        }

        /**
         * Adds a region.
         *
         * @param region the region
         * @return this
         */
        public Builder add(Region region) {
            regions.add(Objects.requireNonNull(region));
            return this;
        }

        /**
         * Makes the memory.
         *
         * @return the memory
         * @throws IllegalArgumentException if regions overlap, share a name, are empty, misaligned, or run past 2^52; the message
         *     names them
         */
        public GuestMemory build() {
            return new GuestMemory(regions);
        }
    }

    /**
     * Adds a region while the memory is in use.
     *
     * @param region the region
     * @throws IllegalArgumentException as {@link Builder#build} does; then nothing has changed
     */
    public synchronized void map(Region region) {
        List<Region> next = new ArrayList<>(table.regions);
        next.add(Objects.requireNonNull(region));
        table = new RegionTable(next, watch, table);
        watch.remapped();
    }

    /**
     * Takes a region away while the memory is in use. Accesses that have begun may still reach it; see the class comment.
     *
     * @param name the region's name
     * @return whether there was one
     */
    public synchronized boolean unmap(String name) {
        List<Region> next = new ArrayList<>(table.regions);
        boolean found = next.removeIf(region -> region.name().equals(name));
        if (found) {
            table = new RegionTable(next, watch, table);
            watch.remapped();
        }
        return found;
    }

    /**
     * The regions, lowest address first.
     *
     * @return an immutable list
     */
    public List<Region> regions() {
        return table.regions;
    }

    /**
     * Whether an access would succeed.
     *
     * @param gpa first guest-physical address
     * @param length bytes; a negative length is never contained
     * @param write whether all of it must be writable
     * @return true if every byte is backed as asked
     */
    public boolean contains(long gpa, long length, boolean write) {
        return table.refusal(gpa, length, write) == null;
    }

    @Override
    public byte readByte(long gpa) {
        RegionTable t = table;
        int index = t.find(gpa);
        if (index < 0) {
            throw new GuestMemoryException(gpa, 1, Access.READ, Reason.UNBACKED);
        }
        return t.host(index).get(BYTE, t.offset(index, gpa));
    }

    @Override
    public short readShort(long gpa) {
        RegionTable t = table;
        int index = t.findWhole(gpa, Short.BYTES);
        return index >= 0
                ? t.host(index).get(SHORT, t.offset(index, gpa))
                : (short) RegionAccess.readPieces(t, gpa, Short.BYTES);
    }

    @Override
    public int readInt(long gpa) {
        RegionTable t = table;
        int index = t.findWhole(gpa, Integer.BYTES);
        return index >= 0
                ? t.host(index).get(INT, t.offset(index, gpa))
                : (int) RegionAccess.readPieces(t, gpa, Integer.BYTES);
    }

    @Override
    public long readLong(long gpa) {
        RegionTable t = table;
        int index = t.findWhole(gpa, Long.BYTES);
        return index >= 0 ? t.host(index).get(LONG, t.offset(index, gpa)) : RegionAccess.readPieces(t, gpa, Long.BYTES);
    }

    @Override
    public void writeByte(long gpa, byte value) {
        writeScalar(gpa, Byte.BYTES, value);
    }

    @Override
    public void writeShort(long gpa, short value) {
        writeScalar(gpa, Short.BYTES, value);
    }

    @Override
    public void writeInt(long gpa, int value) {
        writeScalar(gpa, Integer.BYTES, value);
    }

    @Override
    public void writeLong(long gpa, long value) {
        writeScalar(gpa, Long.BYTES, value);
    }

    // Called with constant sizes only: the switch folds away where it is inlined.
    private void writeScalar(long gpa, int size, long value) {
        RegionTable t = table;
        int index = t.findWhole(gpa, size);
        if (index < 0 || !t.isWritable(index)) {
            RegionAccess.writePieces(t, gpa, size, value);
            return;
        }
        MemorySegment host = t.host(index);
        long offset = t.offset(index, gpa);
        switch (size) {
            case Byte.BYTES -> host.set(BYTE, offset, (byte) value);
            case Short.BYTES -> host.set(SHORT, offset, (short) value);
            case Integer.BYTES -> host.set(INT, offset, (int) value);
            default -> host.set(LONG, offset, value);
        }
        t.flags(index).wrote(offset, size);
    }

    @Override
    public boolean compareAndSetInt(long gpa, int expected, int value) {
        RegionTable t = table;
        int index = RegionAccess.requireAtomic(t, gpa, Integer.BYTES, true);
        long offset = t.offset(index, gpa);
        if (!ATOMIC_INT.compareAndSet(t.host(index), offset, expected, value)) {
            return false;
        }
        t.flags(index).wrote(offset, Integer.BYTES);
        return true;
    }

    @Override
    public boolean compareAndSetLong(long gpa, long expected, long value) {
        RegionTable t = table;
        int index = RegionAccess.requireAtomic(t, gpa, Long.BYTES, true);
        long offset = t.offset(index, gpa);
        if (!ATOMIC_LONG.compareAndSet(t.host(index), offset, expected, value)) {
            return false;
        }
        t.flags(index).wrote(offset, Long.BYTES);
        return true;
    }

    /**
     * Reads four bytes with acquire ordering.
     *
     * @param gpa guest-physical address, a multiple of 4
     * @return the value
     * @throws GuestMemoryException if the address is misaligned or not backed
     */
    public int getAcquireInt(long gpa) {
        RegionTable t = table;
        int index = RegionAccess.requireAtomic(t, gpa, Integer.BYTES, false);
        return (int) ATOMIC_INT.getAcquire(t.host(index), t.offset(index, gpa));
    }

    /**
     * Reads eight bytes with acquire ordering.
     *
     * @param gpa guest-physical address, a multiple of 8
     * @return the value
     * @throws GuestMemoryException if the address is misaligned or not backed
     */
    public long getAcquireLong(long gpa) {
        RegionTable t = table;
        int index = RegionAccess.requireAtomic(t, gpa, Long.BYTES, false);
        return (long) ATOMIC_LONG.getAcquire(t.host(index), t.offset(index, gpa));
    }

    /**
     * Writes four bytes with release ordering.
     *
     * @param gpa guest-physical address, a multiple of 4
     * @param value the value
     * @throws GuestMemoryException if the address is misaligned or not backed by writable memory
     */
    public void setReleaseInt(long gpa, int value) {
        RegionTable t = table;
        int index = RegionAccess.requireAtomic(t, gpa, Integer.BYTES, true);
        long offset = t.offset(index, gpa);
        ATOMIC_INT.setRelease(t.host(index), offset, value);
        t.flags(index).wrote(offset, Integer.BYTES);
    }

    /**
     * Writes eight bytes with release ordering.
     *
     * @param gpa guest-physical address, a multiple of 8
     * @param value the value
     * @throws GuestMemoryException if the address is misaligned or not backed by writable memory
     */
    public void setReleaseLong(long gpa, long value) {
        RegionTable t = table;
        int index = RegionAccess.requireAtomic(t, gpa, Long.BYTES, true);
        long offset = t.offset(index, gpa);
        ATOMIC_LONG.setRelease(t.host(index), offset, value);
        t.flags(index).wrote(offset, Long.BYTES);
    }

    /**
     * Copies guest memory into an array.
     *
     * @param gpa first guest-physical address
     * @param destination where to
     * @param offset first index in it
     * @param length bytes
     * @throws GuestMemoryException if a byte of it is not backed
     * @throws IndexOutOfBoundsException if the range does not lie in the array
     */
    public void read(long gpa, byte[] destination, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, destination.length);
        RegionTable t = table;
        RegionAccess.require(t, gpa, length, Access.READ);
        int done = 0;
        while (done < length) {
            long at = gpa + done;
            int index = t.find(at);
            int step = (int) Math.min(length - done, t.room(index, at));
            MemorySegment.copy(t.host(index), BYTE, t.offset(index, at), destination, offset + done, step);
            done += step;
        }
    }

    /**
     * Copies an array into guest memory.
     *
     * @param gpa first guest-physical address
     * @param source where from
     * @param offset first index in it
     * @param length bytes
     * @throws GuestMemoryException if a byte of it is not backed by writable memory; then nothing was written
     * @throws IndexOutOfBoundsException if the range does not lie in the array
     */
    public void write(long gpa, byte[] source, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, source.length);
        RegionTable t = table;
        RegionAccess.require(t, gpa, length, Access.WRITE);
        int done = 0;
        while (done < length) {
            long at = gpa + done;
            int index = t.find(at);
            int step = (int) Math.min(length - done, t.room(index, at));
            MemorySegment.copy(source, offset + done, t.host(index), BYTE, t.offset(index, at), step);
            t.flags(index).wrote(t.offset(index, at), step);
            done += step;
        }
    }

    /**
     * Copies host memory into guest memory.
     *
     * @param gpa first guest-physical address
     * @param source where from, all of it
     * @throws GuestMemoryException if a byte of it is not backed by writable memory; then nothing was written
     */
    public void copyIn(long gpa, MemorySegment source) {
        RegionTable t = table;
        RegionAccess.require(t, gpa, source.byteSize(), Access.WRITE);
        long done = 0;
        while (done < source.byteSize()) {
            long at = gpa + done;
            int index = t.find(at);
            long step = Math.min(source.byteSize() - done, t.room(index, at));
            MemorySegment.copy(source, done, t.host(index), t.offset(index, at), step);
            t.flags(index).wrote(t.offset(index, at), step);
            done += step;
        }
    }

    /**
     * Copies guest memory into host memory.
     *
     * @param gpa first guest-physical address
     * @param destination where to, all of it
     * @throws GuestMemoryException if a byte of it is not backed
     */
    public void copyOut(long gpa, MemorySegment destination) {
        RegionTable t = table;
        RegionAccess.require(t, gpa, destination.byteSize(), Access.READ);
        long done = 0;
        while (done < destination.byteSize()) {
            long at = gpa + done;
            int index = t.find(at);
            long step = Math.min(destination.byteSize() - done, t.room(index, at));
            MemorySegment.copy(t.host(index), t.offset(index, at), destination, done, step);
            done += step;
        }
    }

    /**
     * A view of the host memory behind an address range, for rings and bulk work. It is read-only unless the region is RAM, and stays
     * valid as long as the host memory does, also after {@link #unmap}. What is written through it isn't noticed: code on these pages
     * is decoded anew each time, and they count as dirty from now on.
     *
     * @param gpa first guest-physical address
     * @param length bytes
     * @return the view
     * @throws GuestMemoryException if no single region holds all of it
     */
    public MemorySegment slice(long gpa, long length) {
        RegionTable t = table;
        int index = t.find(gpa);
        if (index < 0 || length < 0) {
            throw new GuestMemoryException(gpa, length, Access.SLICE, Reason.UNBACKED);
        }
        if (length > t.room(index, gpa)) {
            throw new GuestMemoryException(gpa, length, Access.SLICE, Reason.CROSSES_REGIONS);
        }
        if (t.isWritable(index)) {
            t.flags(index).expose(t.offset(index, gpa), length);
        }
        return t.host(index).asSlice(t.offset(index, gpa), length);
    }

    /**
     * What tells of writes to this memory.
     *
     * @return the one watch of this memory
     */
    public WriteWatch watch() {
        return watch;
    }

    /**
     * What answers at an address without memory.
     *
     * @param gpa guest-physical address
     * @param otherwise what answers where no region of a device is
     * @return the device's window, or {@code otherwise}
     */
    public DeviceWindow deviceAt(long gpa, DeviceWindow otherwise) {
        Region region = table.device(gpa);
        return region == null ? otherwise : region.device();
    }

    List<PageFlags> flags() {
        return table.flags();
    }

    long markCode(long gpa, int length) {
        RegionTable t = table;
        int index = t.findWhole(gpa, length);
        return index < 0 ? -1 : t.flags(index).markCode(t.offset(index, gpa), length);
    }

    RegionTable table() {
        return table;
    }
}
