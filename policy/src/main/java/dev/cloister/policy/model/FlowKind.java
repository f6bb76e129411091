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
    CONSOLE(4);

    private final int code;

    FlowKind(int code) {
        this.code = code;
    }

    /** Returns the number that stands for this kind in the directory page and in the daemon's protocol. */
    public int code() {
        return code;
    }

    /** Returns the name used in JSON. */
    public String jsonName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Returns whether the sender sees something of the receiver, so that a reverse edge is induced. */
    public boolean inducesReverseEdge() {
        return this == STREAM;
    }
}
