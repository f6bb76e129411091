package dev.cloister.devices.virtio;

/**
 * A queue that breaks the rules. The guest can cause it at will, so it is cheap: no stack trace. Whoever meets it gives up the request;
 * the transport stops the device.
 */
public final class QueueException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * A broken queue.
     *
     * @param reason what was found and what was expected, with the values
     */
    public QueueException(String reason) {
        super(reason, null, false, false);
    }
}
