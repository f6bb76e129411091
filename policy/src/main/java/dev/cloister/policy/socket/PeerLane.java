package dev.cloister.policy.socket;

import dev.cloister.linux.EventFd;
import dev.cloister.linux.Fd;
import dev.cloister.linux.Poller;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.policy.relay.Waits;
import java.util.concurrent.CountDownLatch;

/** One end of one channel's pipe: its state is under the lock of the side, its place in the poller that of the thread of {@link PeerLinks}. */
abstract sealed class PeerLane permits PeerOutput, PeerInput {
    final ChannelConfig channel;
    final PeerLink link;
    final Fd pipe;
    final EventFd credit;
    private final CountDownLatch released = new CountDownLatch(1);

    /** Its place in the poller; -1 while it has none. */
    int slot = -1;
    /** Whether it is to be taken away. */
    boolean severed;
    /** Whether nothing passes any more: it was severed, or has ended, or a rule was broken. */
    boolean dead;

    long bytes;

    PeerLane(ChannelConfig channel, PeerLink link, Fd pipe, EventFd credit) {
        this.channel = channel;
        this.link = link;
        this.pipe = pipe;
        this.credit = credit;
    }

    /** What is waited for, as the poller has it; 0 for nothing. */
    abstract int events();

    /** Moves what can be moved. */
    abstract void serve();

    /** Has the poller wait for what it shall. The thread. */
    final void watch(Poller poller) {
        int wanted = dead ? 0 : events();
        if (wanted == 0 && slot >= 0) {
            poller.remove(slot);
            slot = -1;
        } else if (wanted != 0 && slot < 0) {
            slot = poller.add(pipe, wanted);
        }
    }

    /** Closes its descriptors; nothing watches them any more. */
    void release() {
        pipe.close();
        credit.close();
        released.countDown();
    }

    /** Waits until it is released. */
    final void awaitRelease() {
        Waits.until(() -> released.getCount() == 0, released::await);
    }
}
