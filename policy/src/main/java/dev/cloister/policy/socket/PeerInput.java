package dev.cloister.policy.socket;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import dev.cloister.policy.channel.ByteRing;
import dev.cloister.policy.protocol.ChannelConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Frames that come from the other side. For every quantum that is taken one credit goes back to the daemon's relay. */
final class PeerInput extends PeerLane {
    private static final int CAPACITY = 64 << 10;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment buffer = arena.allocate(CAPACITY);
    private final PeerFrame frame = new PeerFrame();
    private final int quantum;
    private int start;
    private int end;
    private int payload;
    private @Nullable PeerStream target;
    private long unreturned;
    private boolean paused;

    PeerInput(ChannelConfig channel, PeerLink link, Fd pipe, EventFd credit) {
        super(channel, link, pipe, credit);
        quantum = ByteRing.quantum(channel.window().recordCount());
    }

    /** Whether it waits for a connection's reader; then the pipe isn't read. */
    boolean paused() {
        return paused;
    }

    @Override
    int events() {
        return paused ? 0 : Poller.IN;
    }

    @Override
    void serve() {
        if (dead || paused) {
            return;
        }
        try {
            int count = Pipe.read(pipe, buffer.asSlice(end));
            if (count < 0) {
                dead = true;
            } else {
                end += count;
                consume();
            }
        } catch (ErrnoException e) {
            dead = true;
        }
        if (dead) {
            link.lost(this);
        }
    }

    /** Goes on after a pause. */
    void resume() {
        if (paused && !dead) {
            paused = false;
            consume();
        }
    }

    /** A connection is over: what still comes of it is nobody's. */
    void forget(PeerStream stream) {
        if (target == stream) {
            target = null;
        }
    }

    private void consume() {
        while (!dead && !paused && start < end) {
            if (payload > 0) {
                deliver();
            } else if (end - start >= PeerFrame.HEADER_BYTES) {
                header();
            } else {
                break;
            }
        }
        if (start > 0 && !paused) {
            // Less than a header is left.
            MemorySegment.copy(buffer, start, buffer, 0, (long) end - start);
            end -= start;
            start = 0;
        }
    }

    private void deliver() {
        int there = Math.min(payload, end - start);
        PeerStream to = target;
        int taken = to == null ? there : to.deliver(buffer, start, there);
        took(taken);
        payload -= taken;
        if (to != null && taken > 0) {
            to.tell(true, false);
        }
        // This side may have ended the connection on being told.
        paused = taken < there && target != null;
    }

    private void header() {
        frame.read(buffer, start);
        took(PeerFrame.HEADER_BYTES);
        if (!frame.wellFormed() || !link.take(this, frame)) {
            link.broken(channel.flow() + ": " + frame + " breaks the contract of its connections");
        } else if (frame.operation == PeerFrame.DATA) {
            payload = frame.first;
            PeerStream to = link.find(frame.connection);
            target = to == null || to.lost() ? null : to;
        }
    }

    private void took(int count) {
        start += count;
        bytes += count;
        unreturned += count;
        try {
            while (unreturned >= quantum) {
                unreturned -= quantum;
                credit.signal();
            }
        } catch (ErrnoException e) {
            dead = true;
        }
    }

    @Override
    void release() {
        super.release();
        arena.close();
    }
}
