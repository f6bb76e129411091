package dev.cloister.devices.virtio.net;

/** Feature bits of the network device (virtio 1.2, 5.1.3). */
public final class NetFeatures {
    /** The device completes checksums. */
    public static final long CSUM = 1L;
    /** The driver takes frames whose checksum isn't complete. */
    public static final long GUEST_CSUM = 1L << 1;
    /** The driver takes TCP segments over IPv4 that are still to be cut. */
    public static final long GUEST_TSO4 = 1L << 7;
    /** The same over IPv6. */
    public static final long GUEST_TSO6 = 1L << 8;
    /** The same with congestion notification. */
    public static final long GUEST_ECN = 1L << 9;
    /** The device cuts TCP segments over IPv4. */
    public static final long HOST_TSO4 = 1L << 11;
    /** The same over IPv6. */
    public static final long HOST_TSO6 = 1L << 12;
    /** The same with congestion notification. */
    public static final long HOST_ECN = 1L << 13;

    /** What a port may be able to do. */
    public static final long OFFLOADS =
            CSUM | GUEST_CSUM | GUEST_TSO4 | GUEST_TSO6 | GUEST_ECN | HOST_TSO4 | HOST_TSO6 | HOST_ECN;

    /** The configuration holds the largest frame that the driver should make. */
    static final long MTU = 1L << 3;
    /** The configuration holds the address. */
    static final long MAC = 1L << 5;
    /** A frame may be spread over several buffers. */
    static final long MRG_RXBUF = 1L << 15;
    /** The configuration holds the state of the link. */
    static final long STATUS = 1L << 16;

    private static final long GUEST_SEGMENTS = GUEST_TSO4 | GUEST_TSO6;
    private static final long HOST_SEGMENTS = HOST_TSO4 | HOST_TSO6;

    private NetFeatures() {}

    /** Takes out what lacks that on which it rests (5.1.3.1): a driver should know better, but may not. */
    static long consistent(long features) {
        long result = features;
        if ((result & GUEST_CSUM) == 0) {
            result &= ~(GUEST_SEGMENTS | GUEST_ECN);
        }
        if ((result & GUEST_SEGMENTS) == 0) {
            result &= ~GUEST_ECN;
        }
        if ((result & CSUM) == 0) {
            result &= ~(HOST_SEGMENTS | HOST_ECN);
        }
        if ((result & HOST_SEGMENTS) == 0) {
            result &= ~HOST_ECN;
        }
        return result;
    }
}
