package dev.cloister.devices.virtio.block;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** What keeps a disk's bytes. Called by several threads at once; each call returns when it is done. */
public interface BlockStore {
    /**
     * How large it is.
     *
     * @return bytes; what is behind the last whole sector of 512 isn't used
     */
    long bytes();

    /**
     * Whether it refuses to be changed.
     *
     * @return true if only {@link #read} is allowed
     */
    boolean isReadOnly();

    /**
     * How long a transfer has to wait first, by what limits this disk alone; asked once for each, right before it.
     *
     * @param write whether it writes rather than reads
     * @param length its bytes
     * @return nanoseconds, 0 for none
     */
    default long pause(boolean write, long length) {
        return 0;
    }

    /**
     * Reads.
     *
     * @param offset first byte
     * @param into host memory to fill, in order
     * @param count how many of them
     * @throws IOException if not all could be read; the message says what failed, where
     */
    void read(long offset, MemorySegment[] into, int count) throws IOException;

    /**
     * Writes.
     *
     * @param offset first byte
     * @param from host memory to take from, in order
     * @param count how many of them
     * @throws IOException if not all could be written
     */
    void write(long offset, MemorySegment[] from, int count) throws IOException;

    /**
     * Makes everything that was written before durable.
     *
     * @throws IOException if that is not certain
     */
    void flush() throws IOException;

    /**
     * Says that bytes are no longer needed; what they then read as is open.
     *
     * @param offset first byte
     * @param length bytes
     * @throws IOException if the host failed; a host that can't give space back has not
     */
    void discard(long offset, long length) throws IOException;

    /**
     * Makes bytes zero.
     *
     * @param offset first byte
     * @param length bytes
     * @param unmap whether their space may be given back
     * @throws IOException if not all became zero
     */
    void zero(long offset, long length, boolean unmap) throws IOException;
}
