package dev.cloister.vmm.ivshmem;

import dev.cloister.linux.ErrnoException;
import java.lang.foreign.MemorySegment;

/** Where an engine is told that memory moved in the guest-physical space. Any thread. */
public interface GuestSlots {
    /**
     * Lets the guest reach memory at an address.
     *
     * @param place which memory: the channel's position in the directory; it must not be anywhere yet
     * @param gpa the first guest-physical address
     * @param host the memory
     * @param readOnly whether guest writes become exits
     * @throws ErrnoException where the host refuses
     */
    void place(int place, long gpa, MemorySegment host, boolean readOnly) throws ErrnoException;

    /**
     * Takes the memory away from where it is; it is there no more when this returns.
     *
     * @param place as there
     * @throws ErrnoException where the host refuses
     */
    void remove(int place) throws ErrnoException;
}
