package dev.cloister.vmm.channel;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import dev.cloister.policy.channel.ByteRing;

/**
 * Moves the bytes of one stream between the guest's byte ring and the pipe to the other VMM.
 *
 * <p>Credit: the sender may be two quanta ahead of what the receiver's guest has taken. The receiver returns one signal for each
 * quantum; the sender takes signals at no more than the flow's back-channel budget, one bit each, and what it has no credit for stays
 * in the guest's ring. So the only thing that the sending guest learns of the receiver is the time of a credit, at the budget's
 * rate. Both ends derive the quantum from the window's size, which the daemon made equal.
 */
final class StreamRelay extends RingRelay {
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final long NANOS_PER_MILLI = 1_000_000L;

    private final ByteRing ring;
    private final EventFd credit;
    private final long nanosPerCredit;
    private final long bytesPerSecond;
    private final long burstBytes;
    private final QuotaGate quota;
    private final int quantum;

    private long allowance;
    private long pendingCredits;
    private long nextCredit;
    private long tokens;
    private long tokensAt;
    private long unreturned;
    private int bufferStart;
    private int bufferEnd;
    private boolean pipeEnded;
    private volatile long bytes;
    private volatile long held;
    private volatile long reverse;

    /**
     * The flow's bounds; 0 bytes per second is unlimited.
     *
     * @param bytesPerSecond most bytes per second
     * @param burst most bytes at once
     * @param creditsPerSecond back-channel budget in bits per second; 0 lets nothing back
     * @param quota what may pass in each period; kept over all openings of the channel
     */
    record Bounds(long bytesPerSecond, long burst, long creditsPerSecond, QuotaGate quota) {}

    StreamRelay(String name, Ends ends, EventFd credit, ByteRing ring, Bounds bounds, Listener listener)
            throws ErrnoException {
        super("stream-" + name, ends, ring, ByteRing.quantum(ring.capacity()), listener);
        this.ring = ring;
        this.quota = bounds.quota();
        this.credit = credit;
        this.quantum = ByteRing.quantum(ring.capacity());
        this.allowance = 2L * quantum;
        this.nanosPerCredit = bounds.creditsPerSecond() == 0 ? 0 : NANOS_PER_SECOND / bounds.creditsPerSecond();
        this.bytesPerSecond = bounds.bytesPerSecond();
        this.burstBytes = Math.max(bounds.burst(), 1);
        this.tokens = burstBytes;
        this.tokensAt = System.nanoTime();
        this.nextCredit = tokensAt;
    }

    @Override
    long bytes() {
        return bytes;
    }

    @Override
    long held() {
        return held;
    }

    @Override
    long reverse() {
        return reverse;
    }

    @Override
    void watchOthers(Poller poller) {
        if (sender) {
            poller.add(credit.fd(), Poller.IN);
        }
    }

    @Override
    boolean ended() {
        return pipeEnded && bufferEnd == bufferStart;
    }

    @Override
    long send(Poller poller) throws ErrnoException {
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

    @Override
    long receive(Poller poller) throws ErrnoException {
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

    @Override
    void release() {
        credit.close();
    }
}
