package dev.cloister.vmm.channel;

import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.EventFd;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import dev.cloister.policy.channel.RecordRing;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Moves the records of one datagram or log channel between the guest's ring and the pipe to the daemon's relay, one packet each. A
 * receiving guest whose ring is full loses the message, and is told so by the next one. The flow's bounds are the daemon's to keep.
 */
final class MessageRelay extends RingRelay {
    private static final ValueLayout.OfInt LITTLE = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Messages moved in one round: then it is seen whether the channel is to end. */
    private static final int TURN = 64;

    private final RecordRing ring;
    /** Sender: word of losses, within the flow's budget; receiver: where to tell them. */
    private final @Nullable EventFd losses;

    private int waiting = RecordRing.EMPTY;
    private boolean pipeEnded;
    private long lostBefore;
    private volatile long bytes;
    private volatile long lost;
    private volatile long reverse;

    MessageRelay(String name, Ends ends, @Nullable EventFd losses, RecordRing ring, Listener listener)
            throws ErrnoException {
        super("messages-" + name, ends, ring, Pipe.MOST_PACKET, listener);
        this.ring = ring;
        this.losses = losses;
    }

    @Override
    long bytes() {
        return bytes;
    }

    @Override
    long held() {
        return lost;
    }

    @Override
    long reverse() {
        return reverse;
    }

    @Override
    void watchOthers(Poller poller) {
        EventFd word = losses;
        if (sender && word != null) {
            poller.add(word.fd(), Poller.IN);
        }
    }

    @Override
    boolean ended() {
        return pipeEnded;
    }

    @Override
    long send(Poller poller) throws ErrnoException {
        hearOfLosses();
        boolean moved = false;
        boolean flowing = true;
        for (int i = 0; flowing && i < TURN; i++) {
            if (waiting < 0) {
                waiting = ring.read(buffer, 0);
                moved |= waiting >= 0;
            }
            flowing = waiting >= 0 && give();
        }
        poller.change(pipeSlot, waiting >= 0 ? Poller.OUT : 0);
        if (moved) {
            interrupt.signal();
        }
        return flowing ? 0 : -1;
    }

    /** A message without a byte is none: it is skipped. False where the pipe has no room. */
    private boolean give() throws ErrnoException {
        if (waiting > 0 && Pipe.write(pipe, buffer.asSlice(0, waiting)) == 0) {
            return false;
        }
        bytes = bytes + waiting;
        waiting = RecordRing.EMPTY;
        return true;
    }

    private void hearOfLosses() throws ErrnoException {
        EventFd word = losses;
        long heard = word == null ? 0 : word.drain();
        if (heard > 0) {
            reverse = reverse + heard;
            ring.addLost(heard);
        }
    }

    @Override
    long receive(Poller poller) throws ErrnoException {
        boolean moved = false;
        boolean flowing = true;
        for (int i = 0; flowing && i < TURN; i++) {
            int count = Pipe.read(pipe, buffer);
            pipeEnded = count < 0;
            flowing = count > 0;
            moved |= flowing && take(count);
        }
        if (moved) {
            interrupt.signal();
        }
        return -1;
    }

    /** Puts a packet into the guest's ring, or loses it; whether the guest has something new. */
    private boolean take(int count) throws ErrnoException {
        int payload = count - RecordRing.PACKET_PREFIX_BYTES;
        if (payload < 0 || payload > ring.maxPayload()) {
            throw new ErrnoException("read", "packet of " + count + " bytes", dev.cloister.linux.Errno.EINVAL);
        }
        long before = Integer.toUnsignedLong(buffer.get(LITTLE, 0));
        lostBefore += before;
        if (before > 0) {
            ring.addLost(before);
        }
        int written = ring.write(buffer, RecordRing.PACKET_PREFIX_BYTES, payload, lostBefore);
        if (written > 0) {
            lostBefore = 0;
            bytes = bytes + payload;
            return true;
        }
        if (payload > 0) {
            lost = lost + 1;
            lostBefore++;
            ring.addLost(1);
            EventFd word = losses;
            if (word != null) {
                reverse = reverse + 1;
                word.signal();
            }
        }
        return false;
    }

    @Override
    void release() {
        EventFd word = losses;
        if (word != null) {
            word.close();
        }
    }
}
