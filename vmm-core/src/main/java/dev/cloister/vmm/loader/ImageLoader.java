package dev.cloister.vmm.loader;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Detects an image's format and loads it. Stateless; a load uses the sink from the calling thread only and needs, beside
 * guest memory, at most the bytes that docs/images.md states.
 */
public final class ImageLoader {
    private static final int GZIP_MAGIC = 0x8b1f;

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
        Bytes bytes = new Bytes(image);
        if (LinuxHeader.isPresent(bytes)) {
            return ImageFormat.BZIMAGE;
        }
        Optional<MultibootHeader> multiboot = MultibootHeader.find(bytes);
        if (bytes.isU32(0, Elf.MAGIC)) {
            return multiboot.isPresent() ? ImageFormat.MULTIBOOT : detectElf(bytes);
        }
        if (multiboot.isPresent() && multiboot.get().hasAddresses()) {
            return ImageFormat.MULTIBOOT;
        }
        if (bytes.size() == 0 || bytes.size() > FlatLoader.MAX_BYTES) {
            throw new ImageException(
                    "image format",
                    0,
                    bytes.size() + " bytes with no header that is known",
                    "a bzImage, an ELF executable, a Multiboot header with addresses, or a flat binary of at most "
                            + FlatLoader.MAX_BYTES + " bytes",
                    "check the file; firmware must be asked for as such");
        }
        return ImageFormat.FLAT;
    }

    private static ImageFormat detectElf(Bytes bytes) throws ImageException {
        Elf elf = Elf.parse(bytes);
        if (PvhLoader.entry(bytes, elf).isPresent()) {
            return ImageFormat.PVH;
        }
        if (elf.wide()) {
            return ImageFormat.VMLINUX;
        }
        throw new ImageException(
                "ELF32 executable",
                0,
                "neither a Multiboot header with a right checksum in the first 8 KiB nor a PVH note",
                "one of them",
                "link the Multiboot header into the first section of the image");
    }

    /**
     * Loads an image, unpacked first if it is a gzip file, with its command line, modules, tables and information structures into guest memory.
     *
     * @param image the image; must not change during the call (hand over a sealed memfd's mapping or a private copy)
     * @param memory guest memory; only RAM of the options' memory map (and a firmware's ROM) is written
     * @param options everything else
     * @return how to enter it
     * @throws ImageException if the image is malformed or doesn't fit; guest memory is then to be thrown away
     */
    public static LoadedImage load(MemorySegment image, GuestSink memory, LoadOptions options) throws ImageException {
        ImageFormat chosen = options.format();
        if (image.byteSize() == 0) {
            throw new ImageException("image", 0, "an empty file", "at least 1 byte", "give the right file");
        }
        Bytes bytes = new Bytes(image);
        if (chosen != ImageFormat.FLAT && chosen != ImageFormat.FIRMWARE && bytes.isU16(0, GZIP_MAGIC)) {
            return loadUnpacked(bytes, memory, options);
        }
        return load(chosen == null ? detect(image) : chosen, image, memory, options);
    }

    /**
     * Unpacks the kernel within a bzImage, as a load does (Linux Documentation/arch/x86/boot.rst, payload_offset), for tools
     * that look into kernels.
     *
     * @param bzImage the image; must not change during the call
     * @param arena owner of what is returned
     * @return the ELF kernel, at most 256 MiB
     * @throws ImageException if this is no bzImage, its payload's compression is none that is known, or it is damaged
     */
    public static MemorySegment unpackKernel(MemorySegment bzImage, Arena arena) throws ImageException {
        Bytes image = new Bytes(bzImage);
        LinuxHeader header = LinuxHeader.parse(image);
        Payload.Method method = header.method(image);
        if (method == Payload.Method.UNKNOWN) {
            throw new ImageException(
                    "bzImage payload",
                    header.payloadAt(),
                    "a compression that is not known",
                    "gzip, xz, lzma, lz4, zstd or none",
                    "unpack it with the kernel's own scripts/extract-vmlinux");
        }
        return Payload.unpack(arena, image, header.packed(method), Payload.MAX_UNPACKED);
    }

    /** A kernel in gzip, as Xen's and others' are installed: boot loaders unpack those. */
    private static LoadedImage loadUnpacked(Bytes packed, GuestSink memory, LoadOptions options) throws ImageException {
        try (Arena arena = Arena.ofConfined()) {
            Payload.Packed whole = new Payload.Packed("image", Payload.Method.GZIP, 0, packed.size());
            MemorySegment image =
                    Payload.unpack(arena, packed, whole, options.memoryMap().ramBytes());
            ImageFormat chosen = options.format();
            LoadedImage loaded = load(chosen == null ? detect(image) : chosen, image, memory, options);
            return loaded.withNote("image unpacked on the host side: gzip, " + image.byteSize() + " bytes");
        }
    }

    private static LoadedImage load(ImageFormat format, MemorySegment image, GuestSink memory, LoadOptions options)
            throws ImageException {
        return switch (format) {
            case FLAT -> FlatLoader.load(image, memory, options);
            case MULTIBOOT -> MultibootLoader.load(image, memory, options);
            case PVH -> PvhLoader.load(image, memory, options);
            case BZIMAGE -> LinuxLoader.loadBzImage(image, memory, options);
            case VMLINUX -> LinuxLoader.loadVmlinux(image, memory, options);
            case FIRMWARE -> FirmwareLoader.load(image, memory, options);
        };
    }
}
