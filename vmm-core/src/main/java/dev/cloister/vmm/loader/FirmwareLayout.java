package dev.cloister.vmm.loader;

/**
 * Where a firmware image lies: it ends at 4 GiB, and its last 256 KiB (or all of it, if smaller) are copied to RAM that
 * ends at 1 MiB. A PC's chip set shadows 128 KiB and lets firmware open the rest by registers of its PCI host bridge; where
 * there is no such bridge, SeaBIOS's 256 KiB image jumps into RAM that nothing has filled, so all of it is put there.
 *
 * @param romGpa first guest-physical address of the image; a ROM region of {@code size} bytes must be there before the
 *     image is loaded
 * @param size bytes of the image
 * @param shadowGpa first guest-physical address of the copy below 1 MiB; must be RAM
 * @param shadowSize bytes of the copy
 */
public record FirmwareLayout(long romGpa, long size, long shadowGpa, long shadowSize) {
    /** The largest firmware: 16 MiB. Anything larger would cover the local APIC's page. */
    public static final long MAX_BYTES = 16L << 20;

    private static final long PAGE = 4096;
    private static final long SHADOW_BYTES = 256L << 10;

    /**
     * The layout of an image of a size.
     *
     * @param imageBytes bytes of the image
     * @return where it goes
     * @throws ImageException if the size is 0, no multiple of 4 KiB, or above {@link #MAX_BYTES}
     */
    public static FirmwareLayout of(long imageBytes) throws ImageException {
        if (imageBytes <= 0 || imageBytes > MAX_BYTES || imageBytes % PAGE != 0) {
            throw new ImageException(
                    "firmware size",
                    ImageException.NO_OFFSET,
                    imageBytes + " bytes",
                    "a multiple of 4096 up to " + MAX_BYTES,
                    "give a whole firmware image such as SeaBIOS's bios-256k.bin");
        }
        long shadow = Math.min(imageBytes, SHADOW_BYTES);
        return new FirmwareLayout(
                MemoryMap.FOUR_GIB - imageBytes, imageBytes, MemoryMap.HIGH_RAM_START - shadow, shadow);
    }
}
