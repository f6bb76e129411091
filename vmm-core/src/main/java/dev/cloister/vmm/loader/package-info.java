/**
 * Guest images: what they are, where they go and how they are entered.
 *
 * <p>Here belongs everything that turns the bytes of an image into guest memory and an entry state: flat binaries,
 * Multiboot 1 and PVH executables, Linux by its 64-bit boot protocol, firmware; and the memory map that they are told.
 * Nothing here knows KVM, files or threads: bytes come as a {@link java.lang.foreign.MemorySegment}, memory is a {@link
 * dev.cloister.vmm.loader.GuestSink}, and the entry state is returned as data. Every byte of an image is hostile; the
 * only failure is {@link dev.cloister.vmm.loader.ImageException}.
 */
@NullMarked
package dev.cloister.vmm.loader;

import org.jspecify.annotations.NullMarked;
