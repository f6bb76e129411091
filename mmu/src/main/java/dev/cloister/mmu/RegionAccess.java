package dev.cloister.mmu;

import dev.cloister.mmu.GuestMemoryException.Access;
import dev.cloister.mmu.GuestMemoryException.Reason;
import java.lang.foreign.ValueLayout;

/** The uncommon ways of {@link GuestMemory}: numbers across regions, and refusals. */
final class RegionAccess {
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

    private RegionAccess() {}

    /** Reads a number byte by byte, over neighbouring regions. */
    static long readPieces(RegionTable t, long gpa, int size) {
        require(t, gpa, size, Access.READ);
        long value = 0;
        for (int i = 0; i < size; i++) {
            int index = t.find(gpa + i);
            value |= (t.host(index).get(BYTE, t.offset(index, gpa + i)) & 0xFFL) << (8 * i);
        }
        return value;
    }

    /** Writes a number byte by byte, over neighbouring regions. */
    static void writePieces(RegionTable t, long gpa, int size, long value) {
        require(t, gpa, size, Access.WRITE);
        for (int i = 0; i < size; i++) {
            int index = t.find(gpa + i);
            long offset = t.offset(index, gpa + i);
            t.host(index).set(BYTE, offset, (byte) (value >>> (8 * i)));
            t.flags(index).wrote(offset, 1);
        }
    }

    /** Throws unless neighbouring regions back every byte as asked. */
    static void require(RegionTable t, long gpa, long size, Access access) {
        Reason refusal = t.refusal(gpa, size, access == Access.WRITE);
        if (refusal != null) {
            throw new GuestMemoryException(gpa, size, access, refusal);
        }
    }

    /** The region that holds an atomic access, or throws. */
    static int requireAtomic(RegionTable t, long gpa, int size, boolean write) {
        if ((gpa & (size - 1)) != 0) {
            throw new GuestMemoryException(gpa, size, Access.ATOMIC, Reason.MISALIGNED);
        }
        int index = t.findWhole(gpa, size);
        if (index < 0) {
            throw new GuestMemoryException(gpa, size, Access.ATOMIC, Reason.UNBACKED);
        }
        if (write && !t.isWritable(index)) {
            throw new GuestMemoryException(gpa, size, Access.ATOMIC, Reason.READ_ONLY);
        }
        return index;
    }
}
