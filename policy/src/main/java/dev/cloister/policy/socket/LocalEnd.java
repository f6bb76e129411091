package dev.cloister.policy.socket;

/** This side's end of one connection: a guest's device, or a program of the host. Called under the lock of the {@link LocalSide}. */
public interface LocalEnd {
    /**
     * The connection that this end asked for stands.
     *
     * @param stream the other side's end; this end closes it
     */
    void opened(PeerStream stream);

    /** The connection that this end asked for is not accepted. */
    void refused();

    /**
     * The stream can be read or written again, or has ended.
     *
     * @param readable whether bytes, or the end
     * @param writable whether there is room
     */
    void ready(boolean readable, boolean writable);
}
