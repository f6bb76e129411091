package dev.cloister.devices.virtio.balloon;

import dev.cloister.devices.virtio.Chain;
import dev.cloister.devices.virtio.QueueException;
import dev.cloister.devices.virtio.VirtQueue;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.util.Arrays;

/**
 * The numbers of pages that a guest puts into its balloon (virtio 1.2, 5.5.6): in any order, so they are sorted, and neighbours are given
 * back together. One thread.
 */
final class PageNumbers {
    static final int PAGE_SHIFT = 12;

    private static final int AT_ONCE = 1024;

    private final byte[] bytes = new byte[AT_ONCE * Integer.BYTES];
    private final IntBuffer numbers =
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer();
    private final int[] sorted = new int[AT_ONCE];
    private final BalloonMemory memory;

    PageNumbers(BalloonMemory memory) {
        this.memory = memory;
    }

    /** How many numbers a request holds. */
    static long count(Chain chain) {
        long length = chain.readableBytes();
        if (length % Integer.BYTES != 0) {
            throw new QueueException("page numbers in " + length + " bytes; expected a multiple of 4");
        }
        return length / Integer.BYTES;
    }

    /**
     * Gives back the pages of a request; ends early when the queue is stopped.
     *
     * @return how many were given back
     */
    long release(Chain chain, VirtQueue queue) {
        long all = count(chain);
        long done = 0;
        while (done < all && !queue.isStopped()) {
            int step = (int) Math.min(AT_ONCE, all - done);
            chain.read(done * Integer.BYTES, bytes, 0, step * Integer.BYTES);
            numbers.get(0, sorted, 0, step);
            Arrays.sort(sorted, 0, step);
            releaseSorted(step);
            done += step;
        }
        return done;
    }

    private void releaseSorted(int count) {
        int first = 0;
        for (int i = 1; i <= count; i++) {
            if (i == count || (long) sorted[i] - sorted[i - 1] > 1) {
                release(Integer.toUnsignedLong(sorted[first]), sorted[i - 1] - sorted[first] + 1L);
                first = i;
            }
        }
    }

    private void release(long number, long pages) {
        if (!memory.release(number << PAGE_SHIFT, pages << PAGE_SHIFT)) {
            throw new QueueException(pages + " pages from 0x" + Long.toHexString(number << PAGE_SHIFT)
                    + " into the balloon: not all of them are RAM");
        }
    }
}
