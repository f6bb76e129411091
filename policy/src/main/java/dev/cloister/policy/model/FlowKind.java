package dev.cloister.policy.model;

import java.util.Locale;

/** The kinds of channel that a flow may become. */
public enum FlowKind {
    /** One-way shared memory with a ring that needs no acknowledgement. */
    MEMORY(1),
    /** One-way doorbell. */
    EVENT(2),
    /** Byte stream relayed by the receiving side's credit, which the sender can see. */
    STREAM(3),
    /** A domain's serial line: to the host, or input from it. */
    CONSOLE(4),
    /** Messages, delivered whole or not at all. */
    DATAGRAM(5),
    /** One direction of an Ethernet link: the other direction is a flow of its own. */
    WIRE(6),
    /** One direction of a block device: reading flows from the disk, writing to it. */
    DISK(7),
    /** Lines to a security-logging domain; what is too fast is dropped and counted. */
    LOG(8);

    private static final FlowKind[] BY_CODE = values();

    private final int code;

    FlowKind(int code) {
        this.code = code;
    }

    /** Returns the number, 1 to 8, that stands for this kind in the directory page, the request page and the daemon's protocol. */
    public int code() {
        return code;
    }

    /**
     * Tells whether a number names a kind.
     *
     * @param code any number, also from a guest
     * @return true for 1 to 8
     */
    public static boolean isCode(int code) {
        return code >= 1 && code <= BY_CODE.length;
    }

    /**
     * Finds a kind by its number.
     *
     * @param code 1 to 8; check with {@link #isCode} first where it comes from outside
     * @return the kind
     */
    public static FlowKind ofCode(int code) {
        if (!isCode(code)) {
            throw new IllegalArgumentException("channel kind " + code + ": expected 1 to " + BY_CODE.length);
        }
        return BY_CODE[code - 1];
    }

    /** Returns the name used in JSON. */
    public String jsonName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Returns whether the sender sees something of the receiver, so that a reverse edge is induced. */
    public boolean inducesReverseEdge() {
        return switch (this) {
            case STREAM, DATAGRAM, WIRE, DISK -> true;
            case MEMORY, EVENT, CONSOLE, LOG -> false;
        };
    }

    /** Returns whether its records have a size and a number that a flow states. */
    public boolean records() {
        return switch (this) {
            case MEMORY, DATAGRAM, LOG -> true;
            case EVENT, STREAM, CONSOLE, WIRE, DISK -> false;
        };
    }

    /** Returns whether both guests have a ring that they share with their own VMM alone, so that each rings and is interrupted. */
    public boolean ringAtBothEnds() {
        return switch (this) {
            case STREAM, DATAGRAM, LOG -> true;
            case MEMORY, EVENT, CONSOLE, WIRE, DISK -> false;
        };
    }

    /** Returns whether somebody other than the sender sees how much passes, so that a quota can be kept. */
    public boolean metered() {
        return this != MEMORY;
    }
}
