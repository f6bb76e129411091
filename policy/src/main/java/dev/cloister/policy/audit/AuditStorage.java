package dev.cloister.policy.audit;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;

/**
 * Where a log's bytes are kept: the current file, and those that it was before it was rotated. Exists so that tests can make storage
 * fail at any byte. Used by one thread at a time.
 */
public interface AuditStorage extends Closeable {
    /** Returns the length of the current file in bytes. */
    long size() throws IOException;

    /**
     * Reads up to the array's length from a position of the current file.
     *
     * @return bytes read, 0 at the end
     */
    int read(long position, byte[] into) throws IOException;

    /** Writes all bytes at a position of the current file; on an error some of them may have been written. */
    void write(long position, byte[] bytes) throws IOException;

    /** Returns once everything written is on the medium. */
    void force() throws IOException;

    /** Cuts the current file to a length. */
    void truncate(long length) throws IOException;

    /** Returns the remembered head's line, empty when there is none. */
    String readHead() throws IOException;

    /** Remembers the head; need not be durable, but must never get ahead of what {@link #force} made durable. */
    void writeHead(String line) throws IOException;

    /** Returns once the remembered head is on the medium. */
    default void forceHead() throws IOException {}

    /** Returns the numbers of the segments that were rotated away and are still there, ascending, from 1. */
    default List<Integer> segments() throws IOException {
        return List.of();
    }

    /**
     * Reads a rotated segment as {@link #read(long, byte[])} does the current file.
     *
     * @param segment a number of {@link #segments}
     * @return bytes read, 0 at the end
     */
    default int read(int segment, long position, byte[] into) throws IOException {
        throw new IOException("there is no segment " + segment);
    }

    /**
     * Makes the current file, whose content is durable, a segment and begins an empty one; durable on return. After a crash in
     * between either nothing has changed, or the segment is there and the current file is empty. An error changes nothing.
     *
     * @param segment its number, higher than all others
     */
    default void rotate(int segment) throws IOException {
        throw new IOException("this storage doesn't rotate");
    }

    /** Deletes a segment. */
    default void delete(int segment) throws IOException {
        throw new IOException("there is no segment " + segment);
    }
}
