package dev.cloister.policy.socket;

import dev.cloister.linux.Poller;
import org.jspecify.annotations.Nullable;

/**
 * Where connections end that a domain's streams carry: its guest, or programs of the host. Its lock holds the state of its
 * {@link PeerLinks} as well.
 */
public interface LocalSide {
    /**
     * Does something under the lock, which the same thread may hold already.
     *
     * @param action what; not called any more once this side is closed
     */
    void run(Runnable action);

    /**
     * The other side asks for a connection. Who takes it calls {@link PeerStream#accept}, at once or later, or closes the stream.
     *
     * @param cid context id of who asks
     * @param port its port, unsigned
     * @param ownPort the port of this side, unsigned; one that the flow has
     * @param stream the other side's end
     * @param sendsOnly whether it takes nothing that is written
     * @return this side's end; null for nobody, and the stream is then closed by the caller
     */
    @Nullable
    LocalEnd connect(long cid, int port, int ownPort, PeerStream stream, boolean sendsOnly);

    /**
     * The other side has broken the contract; its connections end.
     *
     * @param how the flow and what was sent
     */
    void broken(String how);

    /** Ends all connections. */
    void reset();

    /**
     * The links' thread can't go on: connections end, and there will be no others. {@link #reset} follows.
     *
     * @param reason why
     */
    default void failed(Exception reason) {
        // Who has connections hears of their end.
    }

    /**
     * The links' thread is about to wait: what else shall be waited for. Under the lock.
     *
     * @param poller the thread's
     */
    default void settle(Poller poller) {
        // Nothing else.
    }

    /**
     * The links' thread has waited. Under the lock.
     *
     * @param poller the thread's
     */
    default void serve(Poller poller) {
        // Nothing else.
    }
}
