package dev.cloister.policy.channel;

/** What passes over a channel of kind {@code wire}: bare Ethernet frames, without their checksums, each a message of its own. */
public final class WireFrame {
    /** Bytes of the shortest: two addresses and a type. */
    public static final int LEAST = 14;

    /** Most bytes of a frame's payload. */
    public static final int MTU = 1500;

    /** Bytes of the longest: a full payload, and a tag of IEEE 802.1Q. */
    public static final int MOST = LEAST + 4 + MTU;

    private WireFrame() {}
}
