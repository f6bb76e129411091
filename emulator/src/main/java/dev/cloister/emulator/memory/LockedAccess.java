package dev.cloister.emulator.memory;

import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.Tlb;
import dev.cloister.mmu.TlbEntry;
import java.lang.invoke.VarHandle;

/**
 * Locked read-modify-write accesses. What lies in eight aligned bytes is one compare-and-set of the host; what doesn't (a split lock, or
 * sixteen bytes) excludes only others of its kind, by a lock of the guest's memory. Devices see a read and a write.
 */
final class LockedAccess {
    private static final int PAGE = GuestMemory.PAGE_BYTES;

    private final SlowPath paths;
    private final GuestMemory memory;

    LockedAccess(SlowPath paths, GuestMemory memory) {
        this.paths = paths;
        this.memory = memory;
    }

    private static long mask(int size) {
        return -1L >>> Long.SIZE - 8 * size;
    }

    /** {@link dev.cloister.emulator.cpu.LinearMemory#compareAndExchange}. */
    long compareAndExchange(long linear, int size, long expected, long value, int regime) {
        int room = PAGE - (int) (linear & PAGE - 1);
        if (room < size) {
            return acrossPages(linear, size, expected, value, regime);
        }
        TlbEntry entry = paths.translate(linear, regime, Tlb.WRITE);
        long gpa = entry.gpa() | linear & PAGE - 1;
        boolean writable = entry.isWritable() && memory.contains(gpa, size, true);
        long found;
        if (!writable) {
            found = inTurn(gpa, size, expected, value, entry.isBacked(), false);
        } else if ((gpa & 7) + size <= Long.BYTES) {
            found = withinEight(gpa, size, expected, value);
        } else {
            synchronized (memory.watch()) {
                found = inTurn(gpa, size, expected, value, true, true);
            }
        }
        paths.written(entry);
        return found;
    }

    private long withinEight(long gpa, int size, long expected, long value) {
        long at = gpa & -8L;
        int shift = (int) (gpa & 7) * 8;
        long mask = mask(size);
        while (true) {
            long whole = memory.getAcquireLong(at);
            long found = whole >>> shift & mask;
            if (found != (expected & mask)) {
                // Nothing is replaced, but a locked instruction orders all the same (Intel SDM volume 3, 9.2.2).
                VarHandle.fullFence();
                return found;
            }
            long next = whole & ~(mask << shift) | (value & mask) << shift;
            if (memory.compareAndSetLong(at, whole, next)) {
                return found;
            }
        }
    }

    private long inTurn(long gpa, int size, long expected, long value, boolean backed, boolean writable) {
        long found = paths.physicalLoad(gpa, size, backed);
        paths.physicalStore(gpa, size, found == (expected & mask(size)) ? value : found, writable);
        return found;
    }

    private long acrossPages(long linear, int size, long expected, long value, int regime) {
        int first = PAGE - (int) (linear & PAGE - 1);
        long low = paths.translate(linear, regime, Tlb.WRITE).gpa() | linear & PAGE - 1;
        long high = paths.translate(linear + first, regime, Tlb.WRITE).gpa();
        synchronized (memory.watch()) {
            long found = 0;
            for (int n = 0; n < size; n++) {
                found |= paths.physicalLoad(n < first ? low + n : high + n - first, 1, true) << 8 * n;
            }
            long next = found == (expected & mask(size)) ? value : found;
            for (int n = 0; n < size; n++) {
                paths.physicalStore(n < first ? low + n : high + n - first, 1, next >>> 8 * n & 0xFF, true);
            }
            return found;
        }
    }

    /** {@link dev.cloister.emulator.cpu.LinearMemory#compareAndExchange16}; the address is a multiple of 16, so one page holds all. */
    boolean compareAndExchange16(long linear, long[] expected, long low, long high, int regime) {
        TlbEntry entry = paths.translate(linear, regime, Tlb.WRITE);
        long gpa = entry.gpa() | linear & PAGE - 1;
        boolean writable = entry.isWritable();
        boolean equal;
        synchronized (memory.watch()) {
            long foundLow = paths.physicalLoad(gpa, Long.BYTES, entry.isBacked());
            long foundHigh = paths.physicalLoad(gpa + Long.BYTES, Long.BYTES, entry.isBacked());
            equal = foundLow == expected[0] && foundHigh == expected[1];
            paths.physicalStore(gpa, Long.BYTES, equal ? low : foundLow, writable);
            paths.physicalStore(gpa + Long.BYTES, Long.BYTES, equal ? high : foundHigh, writable);
            expected[0] = foundLow;
            expected[1] = foundHigh;
        }
        paths.written(entry);
        return equal;
    }
}
