package dev.cloister.policy.relay;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Pipe;
import java.lang.foreign.MemorySegment;

/**
 * Bytes from one pipe to another, no further ahead of the returned credit than the stream's window. So how full the source is tells
 * the sender nothing of the receiver but the credits, which have a budget of their own.
 */
final class ByteLane extends Lane {
    /** Bytes moved in one turn, so that the others have theirs. */
    static final int TURN = 64 << 10;

    private final long quantum;
    private long allowance;

    /**
     * A stream.
     *
     * @param quantum bytes for each credit; two of them may be under way without any
     */
    ByteLane(Fd source, Fd sink, Bounds bounds, Listener listener, int quantum) {
        super(source, sink, bounds, listener);
        this.quantum = quantum;
        this.allowance = 2L * quantum;
    }

    /** The receiver has taken so many quanta. Relay's thread. */
    synchronized void credit(long count) {
        // A receiver that returns more than it took only lets its sender fill the pipe, which then ends the stream.
        allowance = Math.min(2 * quantum, allowance + Math.min(count, 2) * quantum);
    }

    @Override
    long transfer(MemorySegment buffer, long may, long now) throws ErrnoException {
        int want = (int) Math.min(Math.min(TURN, allowance), may);
        if (want == 0) {
            return UNTIL_READY;
        }
        MemorySegment part = buffer.asSlice(0, want);
        int count = Pipe.read(source, part);
        if (count < 0) {
            end("the sender has closed it");
            return UNTIL_READY;
        }
        if (count == 0) {
            return UNTIL_READY;
        }
        int written = Pipe.write(sink, part.asSlice(0, count));
        allowance -= written;
        passed(written);
        if (written < count) {
            violated("credit was returned for bytes that had not been taken");
        }
        return count == want && allowance > 0 ? 0 : UNTIL_READY;
    }

    /** Whether it waits for credit: then its source is not watched. */
    synchronized boolean blocked() {
        return allowance == 0;
    }
}
