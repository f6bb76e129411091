package dev.cloister.vmm.channel;

import dev.cloister.devices.Waiting;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Poller;
import dev.cloister.policy.channel.CountedRing;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Moves what is in a guest's ring to the pipe that leads to the daemon's relay, or back; a thread of its own. What is moved, and under
 * what conditions, is the subclass's.
 */
abstract sealed class RingRelay implements Runnable, AutoCloseable permits StreamRelay, MessageRelay {
    private static final int UNWATCHED = -1;
    private static final int STACK_BYTES = 256 << 10;

    /** What happened to the channel, told once. */
    interface Listener {
        /** The guest's indices or lengths are impossible. */
        void corrupt();
    }

    /**
     * What a relay joins to the guest's ring.
     *
     * @param sender whether the guest produces
     * @param pipe the pipe's end
     * @param doorbell signalled by the guest
     * @param interrupt signals the guest
     */
    record Ends(boolean sender, Fd pipe, EventFd doorbell, EventFd interrupt) {}

    final boolean sender;
    final Fd pipe;
    final EventFd interrupt;
    final MemorySegment buffer;
    private final CountedRing ring;
    private final EventFd doorbell;
    private final EventFd wake = EventFd.create();
    private final Arena arena = Arena.ofShared();
    private final Listener listener;
    private final Thread thread;
    int pipeSlot = UNWATCHED;
    private volatile boolean closing;

    RingRelay(String name, Ends ends, CountedRing ring, int bufferBytes, Listener listener) throws ErrnoException {
        this.sender = ends.sender();
        this.ring = ring;
        this.pipe = ends.pipe();
        this.doorbell = ends.doorbell();
        this.interrupt = ends.interrupt();
        this.listener = listener;
        this.buffer = arena.allocate(bufferBytes, 8);
        this.thread = new Thread(null, this, name, STACK_BYTES, false);
        thread.setDaemon(true);
        pipe.setNonBlocking(true);
    }

    final void start() {
        thread.start();
    }

    /** Bytes that passed. */
    abstract long bytes();

    /** How often bytes waited because of the flow's rate or quota, or messages that found no room. */
    abstract long held();

    /** Signals against the channel's direction. */
    abstract long reverse();

    /** Waits for what comes the other way as well. */
    abstract void watchOthers(Poller poller);

    /** One round of the sending end; returns how long to wait in milliseconds, -1 without end. */
    abstract long send(Poller poller) throws ErrnoException;

    /** One round of the receiving end; as {@link #send}. */
    abstract long receive(Poller poller) throws ErrnoException;

    /** Whether nothing will come any more. */
    abstract boolean ended();

    @Override
    public final void run() {
        try (Poller poller = new Poller()) {
            watchPipe(poller, events());
            poller.add(doorbell.fd(), Poller.IN);
            poller.add(wake.fd(), Poller.IN);
            watchOthers(poller);
            while (!closing && round(poller)) {
                // Each round moves what can be moved and waits for more.
            }
        } catch (ErrnoException e) {
            // The other end is gone (EPIPE) or the host failed: the guest sees its channel closed either way.
            ring.close();
        } finally {
            // The other end sees the end of it now, not only when the channel is taken away.
            pipe.close();
            tellGuest();
        }
    }

    /** Moves, then waits; false when it is over. */
    private boolean round(Poller poller) throws ErrnoException {
        doorbell.drain();
        if (ring.offered() && !begin(poller)) {
            poller.poll(-1);
            return true;
        }
        long wait = sender ? send(poller) : receive(poller);
        if (ring.available() == CountedRing.CORRUPT) {
            listener.corrupt();
            return false;
        }
        if (ended()) {
            ring.close();
            return false;
        }
        poller.poll(wait);
        // A sender without a reader would be told so by every poll.
        boolean deserted = sender && (poller.ready(pipeSlot) & Poller.ERR) != 0;
        if (deserted) {
            ring.close();
        }
        return !deserted;
    }

    private int events() {
        return sender ? Poller.OUT : Poller.IN;
    }

    /** Nothing moves before the guest has accepted this opening of the channel; it is told once its ring is open. */
    private boolean begin(Poller poller) throws ErrnoException {
        boolean begun = ring.begin();
        watchPipe(poller, begun ? events() : 0);
        if (begun) {
            interrupt.signal();
        }
        return begun;
    }

    /** A pipe whose writer has gone is always ready: a receiver without room must not watch it. */
    final void watchPipe(Poller poller, int events) {
        if (events == 0 && pipeSlot >= 0) {
            poller.remove(pipeSlot);
            pipeSlot = UNWATCHED;
        } else if (events != 0 && pipeSlot < 0) {
            pipeSlot = poller.add(pipe, events);
        }
    }

    private void tellGuest() {
        try {
            interrupt.signal();
        } catch (ErrnoException e) {
            // The closed flag is there for a guest that looks by itself.
        }
    }

    /** Closes what only the subclass has. */
    abstract void release();

    /** Ends the thread and closes the channel's descriptors; the guest sees the closed flag. */
    @Override
    public final void close() throws ErrnoException {
        closing = true;
        wake.signal();
        Waiting.join(thread);
        ring.close();
        pipe.close();
        release();
        wake.close();
        arena.close();
    }
}
