package dev.cloister.vmm.channel;

/** A channel that is not as it was configured. The message names which, the value and what was expected. */
public final class ChannelException extends Exception {
    private static final long serialVersionUID = 1L;

    ChannelException(String message) {
        super(message);
    }
}
