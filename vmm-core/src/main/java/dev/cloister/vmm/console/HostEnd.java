package dev.cloister.vmm.console;

import java.io.InputStream;
import java.io.OutputStream;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * The host's end of a serial line, a console or a port. Its input is read by one thread, its output written by another; either may
 * wait. Owns its descriptors but for standard input and output.
 */
public sealed interface HostEnd extends AutoCloseable permits StreamEnd, SocketEnd {
    /**
     * What comes for the guest.
     *
     * @return a stream that blocks; at its end nothing comes any more
     */
    InputStream input();

    /**
     * Where what the guest says goes.
     *
     * @return a stream
     */
    OutputStream output();

    /**
     * Names who is told whether somebody is there; called at once with how it is now. Before anybody reads {@link #input}.
     *
     * @param listener called on the thread that reads the input
     */
    void onConnection(Consumer<Boolean> listener);

    /**
     * The descriptor on which connections are accepted.
     *
     * @return its number; empty where none are
     */
    OptionalInt listener();

    /** Ends both streams, and a read that waits. */
    @Override
    void close();
}
