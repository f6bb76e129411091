package dev.cloister.mmu;

import dev.cloister.mmu.GuestMemoryException.Access;
import dev.cloister.mmu.GuestMemoryException.Reason;
import java.lang.foreign.MemorySegment;

/**
 * Host memory behind guest memory for one transfer of a device: without the lasting cost of {@link GuestMemory#slice}, in exchange for
 * the duty to tell when bytes were written. Any thread.
 */
public final class TransferView {
    private TransferView() {}

    /**
     * A view for a transfer. What is written through it counts as written only with {@link #written}, which must follow before the guest
     * is told that the transfer is done.
     *
     * @param memory the memory
     * @param gpa first guest-physical address
     * @param length bytes
     * @param write whether the device writes
     * @return the view; not to be kept beyond the transfer
     * @throws GuestMemoryException if no single region holds all of it, or it must not be written
     */
    public static MemorySegment of(GuestMemory memory, long gpa, long length, boolean write) {
        RegionTable table = memory.table();
        int index = table.find(gpa);
        if (index < 0 || length < 0) {
            throw new GuestMemoryException(gpa, length, Access.SLICE, Reason.UNBACKED);
        }
        if (length > table.room(index, gpa)) {
            throw new GuestMemoryException(gpa, length, Access.SLICE, Reason.CROSSES_REGIONS);
        }
        if (write && !table.isWritable(index)) {
            throw new GuestMemoryException(gpa, length, Access.SLICE, Reason.READ_ONLY);
        }
        MemorySegment view = table.host(index).asSlice(table.offset(index, gpa), length);
        return write ? view : view.asReadOnly();
    }

    /**
     * Something else is behind the same host addresses than before: decoded code of it is forgotten, its pages are dirty, whoever may write
     * there. What is no longer mapped is passed over.
     *
     * @param memory the memory
     * @param gpa first guest-physical address
     * @param length bytes
     */
    public static void replaced(GuestMemory memory, long gpa, long length) {
        RegionTable table = memory.table();
        int index = table.find(gpa);
        if (index >= 0 && length > 0) {
            table.flags(index).wrote(table.offset(index, gpa), Math.min(length, table.room(index, gpa)));
        }
    }

    /**
     * Bytes were written through a view: decoded code of theirs is forgotten, their pages are dirty. What is no longer mapped is passed
     * over.
     *
     * @param memory the memory
     * @param gpa first guest-physical address
     * @param length bytes
     */
    public static void written(GuestMemory memory, long gpa, long length) {
        RegionTable table = memory.table();
        int index = table.find(gpa);
        if (index >= 0 && length > 0 && table.isWritable(index)) {
            table.flags(index).wrote(table.offset(index, gpa), Math.min(length, table.room(index, gpa)));
        }
    }
}
