package dev.cloister.vmm.memory;

import dev.cloister.vmm.config.MachineConfig;
import dev.cloister.vmm.loader.ImageFormat;

/**
 * The guest-physical map beyond what {@link dev.cloister.policy.channel.DirectoryLayout} fixes for channels: RAM, the pages that KVM
 * wants for itself, and firmware. The same under every engine. All values are guest-physical addresses (gpa) in bytes.
 */
public final class GuestMap {
    /** RAM that does not fit below this continues at {@link #HIGH_RAM}. */
    public static final long LOW_RAM_END = 0xC000_0000L;

    /** The same in a machine with firmware, which puts PCI's configuration space of 256 MiB below the first window. */
    static final long FIRMWARE_LOW_RAM_END = 0xB000_0000L;

    /** Where RAM continues above the 32-bit hole. */
    public static final long HIGH_RAM = 0x1_0000_0000L;

    /** Persistent memory begins at a multiple of this above RAM, each range anew. */
    private static final long PERSISTENT_ALIGN = 1L << 30;

    /**
     * Where Intel hosts without unrestricted guest mode keep their identity map, one page (KVM API, KVM_SET_IDENTITY_MAP_ADDR). Below
     * the largest firmware, above the local APIC.
     */
    public static final long IDENTITY_MAP = 0xFEFF_C000L;

    /** A page that is nowhere but for moments, when KVM is to forget its translations; below the identity map. */
    public static final long SPARE_PAGE = 0xFEFF_B000L;

    /** Three pages for KVM_SET_TSS_ADDR, right after the identity map. */
    public static final long TSS = 0xFEFF_D000L;

    /** The local APIC's page, where message-signalled interrupts are written to (Intel SDM vol. 3, 11.11.1). */
    public static final long LOCAL_APIC = 0xFEE0_0000L;

    /** Where the PCI bus's memory windows begin: below the channels' directory and windows. */
    public static final long PCI_LOW = 0xC000_0000L;

    /** Configuration space of PCI bus 0: 1 MiB of ECAM, right above the channels' windows. */
    public static final long PCI_ECAM = 0xE000_0000L;

    /** The second PCI memory window begins here. */
    public static final long PCI_HIGH = 0xE010_0000L;

    /** The second PCI memory window ends here, where the I/O APIC is. */
    public static final long PCI_END = 0xFEC0_0000L;

    /** Virtio devices outside PCI, a page for each, up to 32: between the I/O APIC and the local APIC. */
    public static final long VIRTIO_MMIO = 0xFEC1_0000L;

    /** The ACPI power management block's first port; PM1 events, PM1 control at +4, timer at +8. */
    public static final int PM_PORT = 0x600;

    /** The line of ACPI's system control interrupt. */
    public static final int SCI_IRQ = 9;

    /** Where loaders put the ACPI tables: the first page of the area that guests search for their root pointer. */
    public static final long ACPI_TABLES = 0xE_0000L;

    /** The least memory in which firmware puts tables. */
    public static final long FIRMWARE_TABLES_FROM = 4L << 20;

    /** A page. */
    public static final int PAGE = 4096;

    /** Pins of the in-kernel IOAPIC; GSIs above them are ours. */
    static final int IOAPIC_PINS = 24;

    /** Pins of the two in-kernel 8259s. */
    static final int PIC_PINS = 16;

    private GuestMap() {}

    /** How much of a machine's RAM lies below {@link #HIGH_RAM}. */
    public static long lowRam(MachineConfig config) {
        boolean firmware = config.boot().image().format() == ImageFormat.FIRMWARE;
        return Math.min(config.memory().bytes(), firmware ? FIRMWARE_LOW_RAM_END : LOW_RAM_END);
    }

    /** Where a range of persistent memory begins that follows RAM or another range. */
    static long persistentAfter(long end) {
        return Math.max(HIGH_RAM, end) + PERSISTENT_ALIGN - 1 & -PERSISTENT_ALIGN;
    }
}
