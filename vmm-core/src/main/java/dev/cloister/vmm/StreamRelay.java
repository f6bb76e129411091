package dev.cloister.vmm;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import dev.cloister.policy.channel.ByteRing;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Moves the bytes of one stream between the guest's byte ring and the pipe to the other VMM; a thread of its own.
 *
 * <p>Credit: the sender may be two quanta ahead of what the receiver's guest has taken. The receiver returns one signal for each
 * quantum; the sender takes signals at no more than the flow's back-channel budget, one bit each, and what it has no credit for stays
 * in the guest's ring. So the only thing that the sending guest learns of the receiver is the time of a credit, at the budget's
 * rate. Both ends derive the quantum from the window's size, which the daemon made equal.
 */
final class StreamRelay implements Runnable, AutoCloseable {
    /** A pipe holds 64 KiB unless told otherwise (pipe(7)); two quanta must fit, or its fullness would be a second back channel. */
    private static final int MAX_QUANTUM = 32 << 10;

    private static final int UNWATCHED = -1;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final long NANOS_PER_MILLI = 1_000_000L;

    /** What happened to the stream, told once. */
    interface Listener {
        /** The guest's indices are impossible. */
        void corrupt();
    }

    private final boolean sender;
    private final ByteRing ring;
    private final Fd pipe;
    private final EventFd credit;
    private final EventFd doorbell;
    private final EventFd interrupt;
    private final EventFd wake = EventFd.create();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment buffer;
    private final Listener listener;
    private final long nanosPerCredit;
    private final long bytesPerSecond;
    private final long burstBytes;
    private final QuotaGate quota;
    private final int quantum;
    private final Thread thread;

    private long allowance;
    private long pendingCredits;
    private long nextCredit;
    private long tokens;
    private long tokensAt;
    private long unreturned;
    private int bufferStart;
    private int bufferEnd;
    private boolean pipeEnded;
    private int pipeSlot = UNWATCHED;
    private volatile boolean closing;
    private volatile long bytes;
    private volatile long held;
    private volatile long reverse;

    /**
     * What a relay joins to the guest's ring.
     *
     * @param sender whether the guest produces
     * @param pipe the pipe's end
     * @param credit the eventfd by which the receiver returns credit
     * @param doorbell signalled by the guest
     * @param interrupt signals the guest
     */
    record Ends(boolean sender, Fd pipe, EventFd credit, EventFd doorbell, EventFd interrupt) {}

    /**
     * The flow's bounds; 0 bytes per second is unlimited.
     *
     * @param bytesPerSecond most bytes per second
     * @param burst most bytes at once
     * @param creditsPerSecond back-channel budget in bits per second; 0 lets nothing back
     * @param quota what may pass in each period; kept over all openings of the channel
     */
    record Bounds(long bytesPerSecond, long burst, long creditsPerSecond, QuotaGate quota) {}

    StreamRelay(String name, Ends ends, ByteRing ring, Bounds bounds, Listener listener) throws ErrnoException {
        this.sender = ends.sender();
        this.ring = ring;
        this.quota = bounds.quota();
        this.pipe = ends.pipe();
        this.credit = ends.credit();
        this.doorbell = ends.doorbell();
        this.interrupt = ends.interrupt();
        this.listener = listener;
        this.quantum = Math.min(MAX_QUANTUM, ring.capacity() / 2);
        this.buffer = arena.allocate(quantum);
        this.allowance = 2L * quantum;
        this.nanosPerCredit = bounds.creditsPerSecond() == 0 ? 0 : NANOS_PER_SECOND / bounds.creditsPerSecond();
        this.bytesPerSecond = bounds.bytesPerSecond();
        this.burstBytes = Math.max(bounds.burst(), 1);
        this.tokens = burstBytes;
        this.tokensAt = System.nanoTime();
        this.nextCredit = tokensAt;
        this.thread = new Thread(null, this, "stream-" + name, 256 << 10, false);
        thread.setDaemon(true);
        pipe.setNonBlocking(true);
    }

    void start() {
        thread.start();
    }

    /** Bytes that passed. */
    long bytes() {
        return bytes;
    }

    /** How often bytes waited because of the flow's rate or quota. */
    long held() {
        return held;
    }

    /** Credits that became visible to the sender. */
    long reverse() {
        return reverse;
    }

    @Override
    public void run() {
        try (Poller poller = new Poller()) {
            watchPipe(poller, events());
            poller.add(doorbell.fd(), Poller.IN);
            poller.add(wake.fd(), Poller.IN);
            if (sender) {
                poller.add(credit.fd(), Poller.IN);
            }
            while (!closing && round(poller)) {
                // Each round moves what can be moved and waits for more.
            }
        } catch (ErrnoException e) {
            // The other end is gone (EPIPE) or the host failed: the guest sees its stream closed either way.
            ring.close();
        } finally {
            // The other end sees the end of the stream now, not only when the channel is taken away.
            pipe.close();
            tellGuest();
        }
    }

    /** Moves, then waits; false when the stream is over. */
    private boolean round(Poller poller) throws ErrnoException {
        doorbell.drain();
        if (ring.offered() && !begin(poller)) {
            poller.poll(-1);
            return true;
        }
        long wait = sender ? send(poller) : receive(poller);
        if (ring.available() == ByteRing.CORRUPT) {
            listener.corrupt();
            return false;
        }
        if (pipeEnded && bufferEnd == bufferStart) {
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
    private void watchPipe(Poller poller, int events) {
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

    /** One round of the sending end; returns how long to wait in milliseconds, -1 without end. */
    private long send(Poller poller) throws ErrnoException {
        long now = System.nanoTime();
        long wait = takeCredits(now);
        boolean moved = false;
        boolean flowing = true;
        while (flowing) {
            boolean took = bufferStart == bufferEnd && takeFromGuest(now);
            moved |= took;
            flowing = bufferStart < bufferEnd && giveToPipe();
        }
        poller.change(pipeSlot, bufferStart < bufferEnd ? Poller.OUT : 0);
        if (moved) {
            interrupt.signal();
        }
        if (allowance <= 0 || ring.available() <= 0) {
            return wait;
        }
        if (quota.left(now) == 0) {
            return earlier(wait, quota.untilNext(now) / NANOS_PER_MILLI + 1);
        }
        boolean heldByRate = bytesPerSecond > 0 && tokens <= 0;
        return heldByRate ? earlier(wait, Math.max(1, 1000L / Math.max(1, bytesPerSecond))) : wait;
    }

    /** Fills the buffer from the guest's ring within credit and rate; false where there is nothing to take or no leave to. */
    private boolean takeFromGuest(long now) {
        int want = (int) Math.min(Math.min(quantum, allowance), Math.min(refill(now), quota.left(now)));
        int count = want <= 0 ? 0 : ring.read(buffer, 0, want);
        if (count <= 0) {
            return false;
        }
        bufferStart = 0;
        bufferEnd = count;
        allowance -= count;
        tokens -= count;
        quota.take(count, now);
        return true;
    }

    private boolean giveToPipe() throws ErrnoException {
        int written = Pipe.write(pipe, buffer.asSlice(bufferStart, bufferEnd - bufferStart));
        bufferStart += written;
        bytes = bytes + written;
        return written > 0;
    }

    /** Makes returned credits visible at the budget's rate. */
    private long takeCredits(long now) throws ErrnoException {
        pendingCredits += credit.drain();
        while (pendingCredits > 0 && nanosPerCredit > 0 && now >= nextCredit) {
            pendingCredits--;
            allowance += quantum;
            reverse = reverse + 1;
            nextCredit = Math.max(nextCredit, now - nanosPerCredit) + nanosPerCredit;
        }
        return pendingCredits > 0 && nanosPerCredit > 0 ? Math.max(1, (nextCredit - now) / NANOS_PER_MILLI + 1) : -1;
    }

    private long refill(long now) {
        if (bytesPerSecond == 0) {
            return Long.MAX_VALUE;
        }
        double earned = (double) (now - tokensAt) * (double) bytesPerSecond / NANOS_PER_SECOND;
        if (earned >= 1) {
            tokens = Math.min(burstBytes, tokens + (long) earned);
            tokensAt = now;
        }
        return tokens;
    }

    private long earlier(long wait, long need) {
        held = held + 1;
        return wait < 0 ? need : Math.min(wait, need);
    }

    /** One round of the receiving end. */
    private long receive(Poller poller) throws ErrnoException {
        boolean moved = false;
        while (true) {
            if (bufferStart == bufferEnd) {
                int count = pipeEnded ? 0 : Pipe.read(pipe, buffer);
                pipeEnded |= count < 0;
                if (count <= 0) {
                    break;
                }
                bufferStart = 0;
                bufferEnd = count;
            }
            int written = ring.write(buffer, bufferStart, bufferEnd - bufferStart);
            if (written <= 0) {
                break;
            }
            bufferStart += written;
            bytes = bytes + written;
            moved = true;
            returnCredit(written);
        }
        watchPipe(poller, bufferStart == bufferEnd && !pipeEnded ? Poller.IN : 0);
        if (moved) {
            interrupt.signal();
        }
        return -1;
    }

    private void returnCredit(int count) throws ErrnoException {
        unreturned += count;
        while (unreturned >= quantum) {
            unreturned -= quantum;
            reverse = reverse + 1;
            credit.signal();
        }
    }

    /** Ends the thread and closes the descriptors of the stream; the guest sees the closed flag. */
    @Override
    public void close() throws ErrnoException {
        closing = true;
        wake.signal();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        ring.close();
        pipe.close();
        credit.close();
        wake.close();
        arena.close();
    }
}
