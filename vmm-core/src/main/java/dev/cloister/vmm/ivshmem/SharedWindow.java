package dev.cloister.vmm.ivshmem;

import dev.cloister.devices.MmioDevice;
import dev.cloister.devices.pci.BarPlacement;
import dev.cloister.linux.ErrnoException;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.Region;
import dev.cloister.vmm.channel.Violations;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * A channel's window where the guest's PCI bus driver has put it: a second view of the same host memory, with the same rights. Also what
 * answers where the guest does not reach the memory itself: writes that it may not make, and the range behind the window's end, which
 * reads as zeros. Any thread; moves come one at a time.
 */
final class SharedWindow implements MmioDevice, BarPlacement {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final long NOWHERE = -1;

    /**
     * Where the window is put.
     *
     * @param memory the guest's memory
     * @param slots the engine
     * @param violations told of writes that the guest may not make
     */
    record Surroundings(GuestMemory memory, GuestSlots slots, Violations violations) {}

    private final String name;
    private final int place;
    private final @Nullable MemorySegment host;
    private final boolean readOnly;
    private final Surroundings around;
    private final Runnable firstMove;
    private volatile long base = NOWHERE;
    private long home = NOWHERE;
    private boolean placed;

    /**
     * A window that is nowhere yet.
     *
     * @param name what it is called in messages; no other region of the guest's memory is
     * @param place the channel's position in the directory
     * @param host the memory, or null for a channel without
     * @param readOnly whether the guest may only read it
     * @param around where it is put
     * @param firstMove called when the guest moves it from where the machine put it, and again for later moves
     */
    SharedWindow(
            String name,
            int place,
            @Nullable MemorySegment host,
            boolean readOnly,
            Surroundings around,
            Runnable firstMove) {
        this.name = name;
        this.place = place;
        this.host = host;
        this.readOnly = readOnly;
        this.around = around;
        this.firstMove = firstMove;
    }

    @Override
    public void moved(long gpa) {
        MemorySegment memory = host;
        if (memory != null) {
            try {
                move(memory, gpa);
            } catch (ErrnoException e) {
                // A host that can't is no host to go on with: the bus tells the machine so.
                throw new IllegalStateException(
                        name + " cannot be moved to gpa 0x" + Long.toHexString(gpa) + ": " + e.getMessage(), e);
            }
        }
        base = gpa;
        if (placed) {
            firstMove.run();
        }
        if (gpa != NOWHERE) {
            home = home == NOWHERE ? gpa : home;
            placed = true;
        }
    }

    /** The machine is reset, and the range goes back, if it left, to where the machine put it first: that is no guest's move. */
    void reset() {
        placed = base == home;
    }

    private void move(MemorySegment memory, long gpa) throws ErrnoException {
        if (base != NOWHERE) {
            around.memory().unmap(name);
            around.slots().remove(place);
        }
        if (gpa != NOWHERE) {
            Region.Kind kind = readOnly ? Region.Kind.READ_ONLY : Region.Kind.SHARED;
            around.memory().map(new Region(name, kind, gpa, memory));
            around.slots().place(place, gpa, memory, readOnly);
        }
    }

    private boolean holds(long offset, int size) {
        return host != null && offset <= host.byteSize() - size;
    }

    @Override
    public long read(long offset, int size) {
        MemorySegment memory = host;
        if (memory == null || !holds(offset, size)) {
            return 0;
        }
        return switch (size) {
            case Byte.BYTES -> memory.get(ValueLayout.JAVA_BYTE, offset);
            case Short.BYTES -> memory.get(SHORT, offset);
            case Integer.BYTES -> memory.get(INT, offset);
            default -> memory.get(LONG, offset);
        };
    }

    @Override
    public void write(long offset, int size, long value) {
        MemorySegment memory = host;
        long gpa = base + offset;
        if (memory == null || !holds(offset, size)) {
            around.violations().outOfWindow(true, gpa, size);
            return;
        }
        if (readOnly) {
            around.violations().readOnlyWrite(around.memory(), gpa, size, value);
            return;
        }
        switch (size) {
            case Byte.BYTES -> memory.set(ValueLayout.JAVA_BYTE, offset, (byte) value);
            case Short.BYTES -> memory.set(SHORT, offset, (short) value);
            case Integer.BYTES -> memory.set(INT, offset, (int) value);
            default -> memory.set(LONG, offset, value);
        }
    }
}
