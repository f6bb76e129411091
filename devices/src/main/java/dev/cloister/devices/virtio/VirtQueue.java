package dev.cloister.devices.virtio;

import dev.cloister.mmu.GuestMemory;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

/**
 * The device's side of one split virtqueue (virtio 1.2, 2.7), from the moment the driver is ready to the next reset: where its rings are
 * can't change. Everything but {@link #isStopped} and {@link #stop} belongs to the queue's own thread. Allocates nothing for a request.
 */
public final class VirtQueue {
    /** The largest queue that a device may offer. */
    public static final int MAX_SIZE = 1024;

    private static final int INDEX = 2;
    private static final int RING = 4;
    private static final int USED_BYTES = 8;
    private static final int NO_INTERRUPT = 1;
    private static final int NO_NOTIFY = 1;
    private static final int INDEX_MASK = 0xffff;

    private final GuestMemory memory;
    private final int size;
    private final long descriptors;
    private final long available;
    private final long used;
    private final boolean indirect;
    private final boolean eventIndex;
    private final Runnable interrupt;
    private short nextAvailable;
    private short nextUsed;
    private int filled;
    /** Descriptors of the requests that are filled, and of the longest of them. */
    private int taken;

    private int longest;
    private boolean drained;
    private volatile boolean stopped;

    /**
     * Where a queue is and how it is used.
     *
     * @param size number of descriptors, a power of two
     * @param descriptors guest-physical address of the descriptor table
     * @param available guest-physical address of the driver area
     * @param used guest-physical address of the device area
     */
    record Place(int size, long descriptors, long available, long used) {
        private static final int DESCRIPTOR_BYTES = 16;

        /** What is wrong with it, or the empty text. */
        String fault(GuestMemory memory) {
            if ((descriptors & 15) != 0 || (available & 1) != 0 || (used & 3) != 0) {
                return "is misaligned; expected multiples of 16, 2 and 4";
            }
            boolean there = memory.contains(descriptors, (long) size * DESCRIPTOR_BYTES, false)
                    && memory.contains(available, RING + 2L * size + 2, false)
                    && memory.contains(used, RING + (long) USED_BYTES * size + 2, true);
            return there ? "" : "is not all in memory";
        }

        @Override
        public String toString() {
            return "with " + size + " descriptors at 0x" + Long.toHexString(descriptors) + ", driver area at 0x"
                    + Long.toHexString(available) + ", device area at 0x" + Long.toHexString(used);
        }
    }

    VirtQueue(GuestMemory memory, Place place, long features, Runnable interrupt) {
        this.memory = memory;
        this.size = place.size();
        this.descriptors = place.descriptors();
        this.available = place.available();
        this.used = place.used();
        this.indirect = (features & Features.INDIRECT_DESC) != 0;
        this.eventIndex = (features & Features.EVENT_IDX) != 0;
        this.interrupt = interrupt;
    }

    /** From now on there is nothing more to pop. Any thread. */
    void stop() {
        stopped = true;
    }

    /**
     * Whether the device is being reset or closed: a wait for something else should end. Any thread.
     *
     * @return true once stopped
     */
    public boolean isStopped() {
        return stopped;
    }

    /**
     * Waits for a request's turn under a limit; what is done already is published first.
     *
     * @param nanos how long, in nanoseconds; not at all for 0 or less
     * @return false if the queue was stopped meanwhile, so that the request is nobody's any more
     */
    public boolean pause(long nanos) {
        if (nanos > 0) {
            publish();
            long until = System.nanoTime() + nanos;
            for (long left = nanos; left > 0 && !stopped; left = until - System.nanoTime()) {
                LockSupport.parkNanos(this, left);
            }
        }
        return !stopped;
    }

    /**
     * Takes the next request.
     *
     * @param into receives it
     * @return whether there was one
     * @throws QueueException if the queue breaks the rules
     */
    public boolean pop(Chain into) {
        drained = false;
        if (stopped) {
            return false;
        }
        int index = memory.readShort(available + INDEX);
        int pending = index - nextAvailable & INDEX_MASK;
        if (pending == 0) {
            drained = true;
            return false;
        }
        // What is filled, the driver can't have offered again.
        if (pending + filled > size) {
            throw new QueueException("the driver's index jumps from " + (nextAvailable & INDEX_MASK) + " to "
                    + (index & INDEX_MASK) + " in a queue of " + size);
        }
        // The ring's entry and the descriptors are read after the index that covers them.
        VarHandle.acquireFence();
        int slot = nextAvailable & size - 1;
        int head = memory.readShort(available + RING + 2L * slot) & INDEX_MASK;
        nextAvailable++;
        into.load(memory, descriptors, size, head, indirect);
        return true;
    }

    /**
     * Gives a request back to the driver and interrupts it if it wants that.
     *
     * @param chain the request
     * @param written how many bytes were written to it, from its first writable one on
     */
    public void push(Chain chain, long written) {
        fill(chain, written);
        publish();
    }

    /**
     * Puts a request among those that {@link #publish} will give back to the driver.
     *
     * @param chain the request
     * @param written how many bytes were written to it, from its first writable one on
     */
    public void fill(Chain chain, long written) {
        if (stopped) {
            return;
        }
        long at = used + RING + (long) USED_BYTES * (nextUsed + filled & size - 1);
        memory.writeInt(at, chain.head());
        memory.writeInt(at + Integer.BYTES, (int) written);
        filled++;
        taken += chain.descriptors();
        longest = Math.max(longest, chain.descriptors());
    }

    /** Gives back to the driver, all at once, what was filled, and interrupts it if it wants that. */
    public void publish() {
        if (stopped || filled == 0) {
            return;
        }
        // The entries are seen before the index that covers them.
        VarHandle.releaseFence();
        short before = nextUsed;
        nextUsed += (short) filled;
        forgetFilled();
        memory.writeShort(used + INDEX, nextUsed);
        // The driver may be changing its mind about interrupts: it looks at the index after that, we look at its mind
        // now.
        VarHandle.fullFence();
        if (wantsInterrupt(before)) {
            interrupt.run();
        }
    }

    /**
     * Whether the requests that are filled and not published hold so many of the queue's descriptors that the driver can't give another
     * of the same kind: it has too few left for the longest of them. A request may take several descriptors, so that fewer requests than
     * the queue has places can be all that there will be.
     *
     * @return true if so
     */
    public boolean isWholeFilled() {
        return size - taken < longest;
    }

    /** Forgets what was filled since the last {@link #publish}: it will be popped again. Nothing else may be popped and not filled. */
    public void takeBack() {
        nextAvailable -= (short) filled;
        forgetFilled();
    }

    private void forgetFilled() {
        filled = 0;
        taken = 0;
        longest = 0;
    }

    /** Whether the driver wants to know of one of the requests that were published last (virtio 1.2, 2.7.7). */
    private boolean wantsInterrupt(short before) {
        if (eventIndex) {
            int event = memory.readShort(available + RING + 2L * size);
            return (nextUsed - event - 1 & INDEX_MASK) < (nextUsed - before & INDEX_MASK);
        }
        return (memory.readShort(available) & NO_INTERRUPT) == 0;
    }

    /** A service begins: tells the driver that no notification is needed for now. */
    void suppressNotifications() {
        // What an earlier service found says nothing of what this one will take.
        drained = false;
        if (!eventIndex && !stopped) {
            memory.writeShort(used, (short) NO_NOTIFY);
        }
    }

    /**
     * Asks for a notification of the next request, if this service took all: a device that leaves some has no use for more.
     *
     * @return whether one has arrived meanwhile, of which there may be no notification
     */
    boolean armNotifications() {
        if (stopped || !drained) {
            return false;
        }
        if (eventIndex) {
            memory.writeShort(used + RING + (long) USED_BYTES * size, nextAvailable);
        } else {
            memory.writeShort(used, (short) 0);
        }
        VarHandle.fullFence();
        return memory.readShort(available + INDEX) != nextAvailable;
    }
}
