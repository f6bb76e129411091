package dev.cloister.vmm.loader;

import java.lang.foreign.MemorySegment;

/**
 * A file that goes with an image: a Multiboot or PVH module, or an initrd of Linux.
 *
 * @param name its name and arguments, the string that Multiboot and PVH hand to the guest; no NUL; Linux ignores it
 * @param bytes its content, not empty; must not change while it is loaded
 */
public record ImageModule(String name, MemorySegment bytes) {}
