package dev.cloister.devices.virtio;

import dev.cloister.devices.pci.PciCapability;

/** Where one of the transport's structures is: struct virtio_pci_cap (virtio 1.2, 4.1.4). Read-only. */
class VendorCapability implements PciCapability {
    static final int COMMON = 1;
    static final int NOTIFY = 2;
    static final int ISR = 3;
    static final int DEVICE = 4;
    static final int CONFIG_ACCESS = 5;

    private static final int ID = 9;
    private static final int WORDS = 4;

    private final int type;
    private final int bar;
    private final int offset;
    private final int length;
    private final int[] more;

    /** A structure of this type; {@code more} are the words behind the common ones. */
    VendorCapability(int type, int bar, int offset, int length, int... more) {
        this.type = type;
        this.bar = bar;
        this.offset = offset;
        this.length = length;
        this.more = more;
    }

    @Override
    public final int id() {
        return ID;
    }

    @Override
    public final int words() {
        return WORDS + more.length;
    }

    @Override
    public int read(int word) {
        return switch (word) {
            case 0 -> words() * Integer.BYTES << 16 | type << 24;
            case 1 -> bar;
            case 2 -> offset;
            case 3 -> length;
            default -> more[word - WORDS];
        };
    }

    @Override
    public void write(int word, int value, int mask) {
        // Read-only (4.1.4.1).
    }
}
