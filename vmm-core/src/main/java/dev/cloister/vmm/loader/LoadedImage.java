package dev.cloister.vmm.loader;

import java.util.ArrayList;
import java.util.List;

/**
 * An image that is wholly in guest memory, and how to enter it.
 *
 * @param format the format it was loaded by
 * @param entry the register state of the first vCPU at its first instruction
 * @param memoryMap the memory map that the guest was told
 * @param placements what was placed where, in ascending order of address
 * @param notes what a person may want to know: choices made, fallbacks taken, requests not met
 */
public record LoadedImage(
        ImageFormat format, EntryState entry, MemoryMap memoryMap, List<Placement> placements, List<String> notes) {
    /**
     * One thing in guest memory.
     *
     * @param what its name, such as {@code "segment 0"} or {@code "boot_params"}
     * @param gpa first guest-physical address
     * @param size bytes
     */
    public record Placement(String what, long gpa, long size) {}

    /** Copies the lists. */
    public LoadedImage {
        placements = List.copyOf(placements);
        notes = List.copyOf(notes);
    }

    /** The same with one more note, the first. */
    LoadedImage withNote(String note) {
        List<String> all = new ArrayList<>(notes);
        all.addFirst(note);
        return new LoadedImage(format, entry, memoryMap, placements, all);
    }
}
