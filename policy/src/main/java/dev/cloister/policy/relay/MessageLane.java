package dev.cloister.policy.relay;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Pipe;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Messages from one pipe to another, whole or not at all. The source is emptied at a pace that depends on the bounds alone: a receiver
 * that doesn't read, or is gone, makes messages get lost at the same price at which they would have passed. So the sender learns
 * nothing of its receiver.
 */
final class MessageLane extends Lane {
    /** Messages moved in one turn, so that the others have theirs. */
    static final int TURN = 16;

    private static final long MOST_TOLD = 0xffff_ffffL;
    private static final int NOTHING = -1;
    private static final ValueLayout.OfInt LITTLE = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Messages messages;
    private final @Nullable Fd notice;
    private final Arena arena = Arena.ofShared();
    /** Prefix and payload of the message that is to be moved next. */
    private final MemorySegment packet = arena.allocate(Pipe.MOST_PACKET, 8);

    private final MemorySegment one = arena.allocate(8, 8);
    private int length = NOTHING;
    private long lost;

    MessageLane(Fd source, Fd sink, Bounds bounds, Listener listener, Messages messages, @Nullable Fd notice) {
        super(source, sink, bounds, listener);
        this.messages = messages;
        this.notice = notice;
    }

    private long cost(int payload) {
        return messages.cost(payload);
    }

    @Override
    long least() {
        if (length != NOTHING) {
            return cost(length);
        }
        // What is too fast is read all the same where it is to be dropped.
        return messages.excess() == Messages.Excess.DROPPED ? 0 : 1;
    }

    @Override
    void waits() {
        // Only what is lost is counted: waiting is the sender's own pace.
    }

    @Override
    boolean pending() {
        return length != NOTHING;
    }

    @Override
    long transfer(MemorySegment buffer, long may, long now) throws ErrnoException {
        long left = may;
        int turns = 1 + takeWakes(TURN - 1, now);
        for (int i = 0; i < turns; i++) {
            if (length == NOTHING && !take(buffer)) {
                return done ? UNTIL_READY : tellLosses(left);
            }
            if (length != NOTHING) {
                long cost = cost(length);
                if (cost <= left) {
                    left -= cost;
                    pass(cost);
                } else if (messages.excess() == Messages.Excess.WAITS || allowed(cost, now)) {
                    // For the rate, or for a lease: whoever asks next is told which.
                    return 0;
                } else {
                    lose();
                }
            }
        }
        return 0;
    }

    /** Reads the next message; false if there is none. One that can never pass is dropped here. */
    private boolean take(MemorySegment buffer) throws ErrnoException {
        MemorySegment raw = buffer.asSlice(0, Pipe.MOST_PACKET);
        int count = Pipe.read(source, raw);
        if (count <= 0) {
            if (count < 0) {
                end("the sender has closed it");
            }
            return false;
        }
        int most = messages.mostPayload();
        if (count < messages.leastPayload() || count > most || !fits(cost(count))) {
            lose();
        } else if (messages.text()) {
            length = Escapes.line(raw, count, packet, Messages.PREFIX, most);
        } else {
            MemorySegment.copy(raw, 0, packet, messages.prefix(), count);
            length = count;
        }
        return true;
    }

    private void pass(long cost) {
        // Before it is known whether there is room, and whether there is or not.
        charge(cost);
        if (give(length)) {
            count(cost);
            length = NOTHING;
        } else {
            lose();
            tellSender();
        }
    }

    /** Writes the packet, with the losses before it; false if the receiver has no room, or is gone. */
    private boolean give(int payload) {
        long told = messages.frames() ? 0 : Math.min(lost, MOST_TOLD);
        if (!messages.frames()) {
            packet.set(LITTLE, 0, (int) told);
        }
        try {
            if (Pipe.write(sink, packet.asSlice(0, messages.prefix() + payload)) == 0) {
                return false;
            }
            lost -= told;
            return true;
        } catch (ErrnoException e) {
            // EPIPE, and EIO of a tap that is down: a receiver that has gone is as one that doesn't read, until the
            // channel is taken away.
            return false;
        }
    }

    private void lose() {
        length = NOTHING;
        lost++;
        drop(1);
    }

    private void tellSender() {
        Fd to = notice;
        if (to != null) {
            try {
                signal(to, one, 1);
            } catch (ErrnoException e) {
                // An eventfd can be full, which says as much.
            }
        }
    }

    /**
     * There is no message: what was dropped is told by a packet without one, once the rate allows it. Of a quota nothing is taken for
     * that, or how fast it is used up would depend on the receiver: there the count waits for the next message.
     */
    private long tellLosses(long left) {
        if (lost == 0 || isMetered() || messages.excess() == Messages.Excess.WAITS) {
            return UNTIL_READY;
        }
        if (left < Messages.HEADER) {
            long now = System.nanoTime();
            return allowed(Messages.HEADER, now) ? UNTIL_READY : now + untilAllowed(Messages.HEADER);
        }
        charge(Messages.HEADER);
        if (give(0)) {
            count(Messages.HEADER);
        }
        return UNTIL_READY;
    }

    @Override
    void release() {
        Fd to = notice;
        if (to != null) {
            to.close();
        }
        arena.close();
    }
}
