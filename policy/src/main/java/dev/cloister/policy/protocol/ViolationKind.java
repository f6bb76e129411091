package dev.cloister.policy.protocol;

/** What a guest (or a ring's other end) did that its VMM contained. The ordinal is the wire's number. */
public enum ViolationKind {
    /** The guest wrote to its read-only window of an inbound memory channel. */
    READ_ONLY_WRITE,
    /** The guest touched the directory page or channel area where it has nothing. */
    OUT_OF_WINDOW,
    /** A ring's header or indices broke the channel's contract. */
    RING_CORRUPT,
    /** The guest signalled or sent beyond the flow's rate. */
    RATE_EXCEEDED,
    /** The guest signalled or sent beyond the flow's quota. */
    QUOTA_EXCEEDED,
    /** The guest's request page was malformed. */
    BAD_REQUEST,
    /** The guest used a doorbell that it does not have. */
    BAD_DOORBELL,
    /** Anything else; the detail says what. */
    OTHER,
    /** The guest asked for a connection that no flow allows. */
    CONNECTION_REFUSED;

    /**
     * Returns the stable id that the audit log uses.
     *
     * @return lower case with hyphens
     */
    public String id() {
        return switch (this) {
            case READ_ONLY_WRITE -> "read-only-write";
            case OUT_OF_WINDOW -> "out-of-window";
            case RING_CORRUPT -> "ring-corrupt";
            case RATE_EXCEEDED -> "rate-exceeded";
            case QUOTA_EXCEEDED -> "quota-exceeded";
            case BAD_REQUEST -> "bad-request";
            case BAD_DOORBELL -> "bad-doorbell";
            case OTHER -> "other";
            case CONNECTION_REFUSED -> "connection-refused";
        };
    }
}
