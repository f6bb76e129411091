package dev.cloister.policy.audit;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Optional;

/** Splits storage into lines, with a bound on their length. */
final class LineReader {
    /** Longest line accepted; the writer's bounds keep records far below. */
    static final int MAX_LINE = 1 << 20;

    /** Reads bytes at a position; 0 at the end. */
    interface Source {
        int read(long position, byte[] into) throws IOException;
    }

    private final Source source;
    private final byte[] buffer = new byte[1 << 16];
    private int next;
    private int end;
    private long bufferPosition;

    LineReader(Source source, long start) {
        this.source = source;
        this.bufferPosition = start;
    }

    /** Returns the position of the next byte to be read. */
    long position() {
        return bufferPosition + next;
    }

    /** Returns the next line without its newline; nothing (and no move) when no complete line is there. */
    Optional<byte[]> next() throws IOException {
        long start = position();
        ByteArrayOutputStream line = new ByteArrayOutputStream(512);
        while (line.size() <= MAX_LINE) {
            int newline = find();
            line.write(buffer, next, newline - next);
            next = newline;
            if (newline < end) {
                next++;
                return Optional.of(line.toByteArray());
            }
            if (!fill()) {
                seek(start);
                return Optional.empty();
            }
        }
        throw new IOException("a line is longer than " + MAX_LINE + " bytes");
    }

    /** Returns whether bytes follow that are not a complete line; asked after {@link #next} found none. */
    boolean hasMore() throws IOException {
        return source.read(position(), new byte[1]) > 0;
    }

    private int find() {
        int i = next;
        while (i < end && buffer[i] != '\n') {
            i++;
        }
        return i;
    }

    private boolean fill() throws IOException {
        bufferPosition += end;
        next = 0;
        end = 0;
        end = source.read(bufferPosition, buffer);
        return end > 0;
    }

    private void seek(long position) {
        bufferPosition = position;
        next = 0;
        end = 0;
    }
}
