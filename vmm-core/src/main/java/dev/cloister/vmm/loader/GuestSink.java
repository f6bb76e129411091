package dev.cloister.vmm.loader;

import dev.cloister.mmu.GuestMemory;
import java.lang.foreign.MemorySegment;

/**
 * Guest-physical memory as the loaders see it: they ask, then write, and never read. An implementation need not be
 * thread-safe; one load uses it from one thread.
 */
public interface GuestSink {
    /**
     * Whether a range is wholly backed by memory that a loader may fill: RAM, or the ROM region made for a firmware
     * image (see {@link FirmwareLayout}).
     *
     * @param gpa first guest-physical address
     * @param length bytes, at least 0
     * @return true if {@link #write} and {@link #zero} of the range will succeed
     */
    boolean contains(long gpa, long length);

    /**
     * Copies bytes into guest memory.
     *
     * @param gpa first guest-physical address
     * @param source the bytes
     * @throws IndexOutOfBoundsException if {@link #contains} says no to the range; nothing is written then
     */
    void write(long gpa, MemorySegment source);

    /**
     * Makes a range zero.
     *
     * @param gpa first guest-physical address
     * @param length bytes
     * @throws IndexOutOfBoundsException if {@link #contains} says no to the range; nothing is written then
     */
    void zero(long gpa, long length);

    /**
     * A guest's RAM.
     *
     * @param memory the guest's memory; its RAM regions may be filled
     * @return a sink
     */
    static GuestSink of(GuestMemory memory) {
        return new MemorySink(memory, 0, MemorySegment.NULL);
    }

    /**
     * A guest's RAM, and the host memory behind the ROM region of a firmware image, which the guest may not write but its
     * loader must.
     *
     * @param memory the guest's memory; its RAM regions may be filled
     * @param romGpa {@link FirmwareLayout#romGpa()}
     * @param rom writable host memory of {@link FirmwareLayout#size()} bytes
     * @return a sink
     */
    static GuestSink withRom(GuestMemory memory, long romGpa, MemorySegment rom) {
        return new MemorySink(memory, romGpa, rom);
    }
}
