package dev.cloister.vmm.loader;

/** The image formats that {@link ImageLoader} knows, each named for the protocol by which the guest is entered. */
public enum ImageFormat {
    /** Raw bytes entered in real mode, like a boot sector; the address is {@link LoadOptions#flatAddress()}. */
    FLAT("flat binary"),
    /** Multiboot 1 (specification 0.6.96): ELF32, ELF64 or the header's own address fields; 32-bit protected mode. */
    MULTIBOOT("Multiboot 1"),
    /** ELF with {@code XEN_ELFNOTE_PHYS32_ENTRY}: 32-bit protected mode, EBX points to {@code hvm_start_info}. */
    PVH("PVH"),
    /** Linux bzImage, entered by the 64-bit boot protocol. */
    BZIMAGE("Linux bzImage"),
    /** ELF64 entered in long mode with RSI pointing to {@code boot_params}, as an unpacked Linux kernel expects. */
    VMLINUX("Linux vmlinux"),
    /** Firmware that ends at 4 GiB and is entered at the reset vector. Never detected: it must be asked for. */
    FIRMWARE("firmware");

    private final String label;

    ImageFormat(String label) {
        this.label = label;
    }

    /**
     * The name for people.
     *
     * @return a short English name
     */
    public String label() {
        return label;
    }
}
