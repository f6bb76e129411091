package dev.cloister.vmm.loader;

import java.lang.foreign.MemorySegment;

/**
 * Detects an image's format and loads it. Stateless; a load uses the sink from the calling thread only and needs, beside
 * guest memory, at most the bytes that docs/images.md states.
 */
public final class ImageLoader {
    private ImageLoader() {}

    /**
     * Finds the format of an image from its first bytes: bzImage, then ELF (Multiboot header, PVH note, else vmlinux), then
     * a Multiboot header with address fields, else a flat binary if it is small enough to be one.
     *
     * @param image the image; must not change during the call
     * @return the format; never {@link ImageFormat#FIRMWARE}
     * @throws ImageException if it can be none, or its headers are malformed
     */
    public static ImageFormat detect(MemorySegment image) throws ImageException {
        throw new UnsupportedOperationException();
    }

    /**
     * Loads an image with its command line, modules, tables and information structures into guest memory.
     *
     * @param image the image; must not change during the call (hand over a sealed memfd's mapping or a private copy)
     * @param memory guest memory; only RAM of the options' memory map (and a firmware's ROM) is written
     * @param options everything else
     * @return how to enter it
     * @throws ImageException if the image is malformed or doesn't fit; guest memory is then to be thrown away
     */
    public static LoadedImage load(MemorySegment image, GuestSink memory, LoadOptions options) throws ImageException {
        throw new UnsupportedOperationException();
    }
}
