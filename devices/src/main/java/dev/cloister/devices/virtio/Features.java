package dev.cloister.devices.virtio;

/** Feature bits that belong to no device type (virtio 1.2, 6). */
final class Features {
    /** A descriptor may name a table of descriptors. */
    static final long INDIRECT_DESC = 1L << 28;
    /** Each side tells the other at which index it wants to hear of it. */
    static final long EVENT_IDX = 1L << 29;
    /** Virtio 1.0 or later: the only one offered. */
    static final long VERSION_1 = 1L << 32;

    /** What every device offers. */
    static final long COMMON = INDIRECT_DESC | EVENT_IDX | VERSION_1;

    private Features() {}
}
