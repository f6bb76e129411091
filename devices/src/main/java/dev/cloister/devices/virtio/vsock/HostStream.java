package dev.cloister.devices.virtio.vsock;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * The host's end of one connection: a stream that never blocks. Who implements it calls {@link Vsock#ready} on the device's thread
 * when it can be read or written again; all methods are called on that thread.
 */
public interface HostStream {
    /** What {@link #read} returns when nothing more will come. */
    int END = -1;

    /**
     * The guest has accepted a connection that the host asked for.
     *
     * @param hostPort the host's port of the connection, unsigned
     * @throws IOException if the host can't be told; the connection is then reset
     */
    void established(int hostPort) throws IOException;

    /**
     * Reads what is there.
     *
     * @param target where to
     * @param offset the first byte of it
     * @param length at most this many bytes, at least 1
     * @return how many were read, 0 if there are none now, {@link #END} behind the last
     * @throws IOException if the stream is broken
     */
    int read(MemorySegment target, long offset, int length) throws IOException;

    /**
     * Writes what can be written now.
     *
     * @param source where from
     * @param offset the first byte of it
     * @param length how many bytes, at least 1
     * @return how many were written, 0 if none can be now
     * @throws IOException if the stream is broken or its other end reads no more
     */
    int write(MemorySegment source, long offset, int length) throws IOException;

    /**
     * Says which event the device waits for.
     *
     * @param readable whether bytes, or the end, to read
     * @param writable whether room to write
     */
    void await(boolean readable, boolean writable);

    /** Nothing more will be written; what was written is still delivered. */
    void endOutput();

    /** Closes it; no method is called afterwards. */
    void close();
}
