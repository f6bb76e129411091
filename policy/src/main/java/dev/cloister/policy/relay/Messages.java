package dev.cloister.policy.relay;

import dev.cloister.policy.channel.WireFrame;

/**
 * What a lane of messages carries.
 *
 * @param mostPayload most bytes of a message, 1 to {@link #MOST_PAYLOAD}; larger ones are dropped
 * @param excess what becomes of messages above the rate
 * @param text whether bytes other than printable ASCII are escaped
 * @param frames whether they are Ethernet frames: they come out as they went in, without {@link #PREFIX}, cost their bytes and no more,
 *     and nobody is told of losses
 */
public record Messages(int mostPayload, Excess excess, boolean text, boolean frames) {
    /** Frames of a wire. */
    public static final Messages FRAMES = new Messages(WireFrame.MOST, Excess.WAITS, false, true);

    /** Bytes that a message costs beside its payload. */
    public static final int HEADER = 8;
    /** Bytes in front of the payload of each packet to the receiver. */
    public static final int PREFIX = 4;
    /** Most bytes of any message. */
    public static final int MOST_PAYLOAD = 4096 - HEADER;

    /** Messages that are no frames. */
    public Messages(int mostPayload, Excess excess, boolean text) {
        this(mostPayload, excess, text, false);
    }

    /** Bytes of the shortest message; shorter ones are dropped. */
    int leastPayload() {
        return frames ? WireFrame.LEAST : 1;
    }

    /** What a message of so many bytes costs. */
    long cost(int payload) {
        return payload + (frames ? 0L : HEADER);
    }

    /** Bytes in front of each message. */
    int prefix() {
        return frames ? 0 : PREFIX;
    }

    /** What becomes of messages above the rate. */
    public enum Excess {
        /** They wait in the sender's pipe. */
        WAITS,
        /** They are dropped and counted; the count is told to the receiver even if nothing follows. */
        DROPPED
    }
}
