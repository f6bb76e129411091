package dev.cloister.policy.protocol;

/** What a VMM does with its live channels when its control socket reaches end of file. The ordinal is the wire's number. */
public enum DaemonLoss {
    /** Unmap in-windows, close doorbells and pipes, set every directory entry to severed; the guest runs on alone. */
    SEVER,
    /** Leave the channels as they are; nothing new is ever granted. */
    KEEP
}
