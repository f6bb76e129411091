package dev.cloister.policy.protocol;

/** Kind of a channel, with the number that the directory page, the request page and the wire use for it. */
public enum ChannelKind {
    /** One-way shared memory holding a ring without acknowledgement; has a doorbell. */
    MEMORY(1),
    /** A doorbell alone. */
    EVENT(2),
    /** A byte stream with the receiver's credit. */
    STREAM(3),
    /** The serial line of a domain; its descriptors come with {@link ToVmm.Configure}, never with an attach. */
    CONSOLE(4);

    private static final ChannelKind[] BY_CODE = values();

    private final int code;

    ChannelKind(int code) {
        this.code = code;
    }

    /**
     * Returns the number of this kind.
     *
     * @return 1 to 4
     */
    public int code() {
        return code;
    }

    /**
     * Tells whether a number names a kind.
     *
     * @param code any number, also from a guest
     * @return true for 1 to 4
     */
    public static boolean isCode(int code) {
        return code >= 1 && code <= BY_CODE.length;
    }

    /**
     * Finds a kind by its number.
     *
     * @param code 1 to 4; check with {@link #isCode} first where it comes from outside
     * @return the kind
     */
    public static ChannelKind ofCode(int code) {
        if (!isCode(code)) {
            throw new IllegalArgumentException("channel kind " + code + ": expected 1 to " + BY_CODE.length);
        }
        return BY_CODE[code - 1];
    }
}
