package dev.cloister.policy.relay;

/**
 * What a lane of messages carries.
 *
 * @param mostPayload most bytes of a message, 1 to {@link #MOST_PAYLOAD}; larger ones are dropped
 * @param excess what becomes of messages above the rate
 * @param text whether bytes other than printable ASCII are escaped
 */
public record Messages(int mostPayload, Excess excess, boolean text) {
    /** Bytes that a message costs beside its payload. */
    public static final int HEADER = 8;
    /** Bytes in front of the payload of each packet to the receiver. */
    public static final int PREFIX = 4;
    /** Most bytes of any message. */
    public static final int MOST_PAYLOAD = 4096 - HEADER;

    /** What becomes of messages above the rate. */
    public enum Excess {
        /** They wait in the sender's pipe. */
        WAITS,
        /** They are dropped and counted; the count is told to the receiver even if nothing follows. */
        DROPPED
    }
}
