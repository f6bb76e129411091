package dev.cloister.policy.socket;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import dev.cloister.policy.protocol.ChannelConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Frames on their way to the other side. How fast the daemon's relay empties the pipe depends on the flow's rate, its quota and the credit
 * that its budget lets back; so this end needs no count of its own.
 */
final class PeerOutput extends PeerLane {
    private static final int CAPACITY = 64 << 10;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment staging = arena.allocate(CAPACITY);
    private int start;
    private int end;

    PeerOutput(ChannelConfig channel, PeerLink link, Fd pipe, EventFd credit) {
        super(channel, link, pipe, credit);
    }

    /** Adds a frame without bytes; false where there is no room. */
    boolean frame(int operation, int connection, int first, int second) {
        if (room() < PeerFrame.HEADER_BYTES) {
            return false;
        }
        PeerFrame.write(staging, end, operation, connection, first, second);
        end += PeerFrame.HEADER_BYTES;
        return true;
    }

    /** Adds a frame with bytes; returns how many had room. */
    int data(int connection, MemorySegment from, long offset, int length) {
        int most = Math.min(length, space());
        if (most == 0) {
            return 0;
        }
        PeerFrame.write(staging, end, PeerFrame.DATA, connection, most, 0);
        MemorySegment.copy(from, offset, staging, end + (long) PeerFrame.HEADER_BYTES, most);
        end += PeerFrame.HEADER_BYTES + most;
        return most;
    }

    /** How many bytes one more frame could have. */
    int space() {
        return Math.clamp(room() - PeerFrame.HEADER_BYTES, 0, PeerFrame.MAX_DATA);
    }

    private int room() {
        if (start > 0 && (start == end || CAPACITY - end < PeerFrame.HEADER_BYTES + PeerFrame.MAX_DATA)) {
            MemorySegment.copy(staging, start, staging, 0, (long) end - start);
            end -= start;
            start = 0;
        }
        return dead ? 0 : CAPACITY - end;
    }

    /** Whether so much room is there again that it is worth waking who waits for it. */
    boolean roomy() {
        return end - start < CAPACITY / 2;
    }

    /** Gives the pipe what it takes now; false where some of it has to wait. */
    boolean flush() {
        try {
            while (start < end && !dead) {
                int written = Pipe.write(pipe, staging.asSlice(start, (long) end - start));
                if (written == 0) {
                    return false;
                }
                start += written;
                bytes += written;
            }
        } catch (ErrnoException e) {
            // The relay is gone: the daemon takes the channel away next.
            dead = true;
        }
        return true;
    }

    @Override
    int events() {
        return start < end ? Poller.OUT : 0;
    }

    @Override
    void serve() {
        flush();
        if (dead) {
            link.lost(this);
        } else {
            link.writable();
        }
    }

    @Override
    void release() {
        super.release();
        arena.close();
    }
}
