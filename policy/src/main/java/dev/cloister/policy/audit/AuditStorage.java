package dev.cloister.policy.audit;

import java.io.Closeable;
import java.io.IOException;

/** Where a log's bytes are kept. Exists so that tests can make storage fail at any byte. Used by one thread at a time. */
public interface AuditStorage extends Closeable {
    /** Returns the length in bytes. */
    long size() throws IOException;

    /**
     * Reads up to the array's length from a position.
     *
     * @return bytes read, 0 at the end
     */
    int read(long position, byte[] into) throws IOException;

    /** Writes all bytes at a position; on an error some of them may have been written. */
    void write(long position, byte[] bytes) throws IOException;

    /** Returns once everything written is on the medium. */
    void force() throws IOException;

    /** Cuts the log to a length. */
    void truncate(long length) throws IOException;

    /** Returns the remembered head's line, empty when there is none. */
    String readHead() throws IOException;

    /** Remembers the head; need not be durable, but must never get ahead of what {@link #force} made durable. */
    void writeHead(String line) throws IOException;
}
