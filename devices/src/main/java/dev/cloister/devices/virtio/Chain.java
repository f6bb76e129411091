package dev.cloister.devices.virtio;

import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.TransferView;
import java.lang.foreign.MemorySegment;

/**
 * One request of a guest: a list of buffers, first those that the device reads, then those that it writes (virtio 1.2, 2.7.4.2). Filled
 * by {@link VirtQueue#pop}, to be used again for the next request. Every buffer was checked to be memory, writable where the device
 * writes, when the chain was filled; each access is checked again by guest memory. One thread.
 */
public final class Chain {
    /** The most buffers of a chain. Linux makes longer ones than its queue if descriptors are indirect. */
    public static final int MAX_BUFFERS = 1024;

    private static final int DESCRIPTOR_BYTES = 16;
    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int INDIRECT = 4;
    private static final long MAX_BYTES = 1L << 32;

    private final long[] gpas = new long[MAX_BUFFERS];
    private final int[] lengths = new int[MAX_BUFFERS];
    private GuestMemory memory = GuestMemory.builder().build();
    private int head;
    private int count;
    private int readable;
    private long readableBytes;
    private long writableBytes;
    private int steps;
    private int indirectSteps;

    /** The descriptor that begins the chain. */
    int head() {
        return head;
    }

    /** How many descriptors of the queue's own table it takes: those of an indirect table are none of them. */
    int descriptors() {
        return steps - indirectSteps;
    }

    /**
     * How much the device may read.
     *
     * @return bytes
     */
    public long readableBytes() {
        return readableBytes;
    }

    /**
     * How much the device may write.
     *
     * @return bytes
     */
    public long writableBytes() {
        return writableBytes;
    }

    /**
     * How many buffers there are.
     *
     * @param write whether of those that the device writes, rather than those that it reads
     * @return up to {@link #MAX_BUFFERS}; empty ones don't count
     */
    public int buffers(boolean write) {
        return write ? count - readable : readable;
    }

    /**
     * Where a buffer is, for a device that is told of memory rather than given room in it.
     *
     * @param write whether of those that the device writes
     * @param index its position among them
     * @return its guest-physical address
     */
    public long address(boolean write, int index) {
        return gpas[write ? readable + index : index];
    }

    /**
     * How long a buffer is.
     *
     * @param write whether of those that the device writes
     * @param index its position among them
     * @return bytes, above 0
     */
    public int length(boolean write, int index) {
        return lengths[write ? readable + index : index];
    }

    /** Follows a chain; {@code indirect} tells whether the guest was offered indirect tables and took the offer. */
    void load(GuestMemory from, long table, int size, int first, boolean indirect) {
        memory = from;
        head = first;
        count = 0;
        readable = 0;
        readableBytes = 0;
        writableBytes = 0;
        steps = 0;
        indirectSteps = 0;
        follow(table, size, first, indirect, size);
    }

    private void follow(long table, int size, int first, boolean indirect, int bound) {
        int index = first;
        boolean more = true;
        while (more) {
            if (index >= size) {
                throw new QueueException("descriptor " + index + " of a table of " + size);
            }
            if (++steps > bound) {
                throw new QueueException("the chain from descriptor " + head + " has more than " + bound
                        + " descriptors: a loop, or too long");
            }
            long at = table + (long) index * DESCRIPTOR_BYTES;
            long gpa = memory.readLong(at);
            long lengthAndFlags = memory.readLong(at + Long.BYTES);
            int length = (int) lengthAndFlags;
            int flags = (int) (lengthAndFlags >>> Integer.SIZE);
            more = (flags & NEXT) != 0;
            if ((flags & INDIRECT) == 0) {
                add(gpa, length, (flags & WRITE) != 0);
            } else {
                require(indirect, "an indirect descriptor that was not negotiated, or inside an indirect table");
                require(!more, "an indirect descriptor with a next one");
                int before = steps;
                follow(gpa, entries(length), 0, false, MAX_BUFFERS);
                indirectSteps += steps - before;
            }
            index = (int) (lengthAndFlags >>> Integer.SIZE + Short.SIZE);
        }
    }

    private static int entries(int bytes) {
        boolean fits = bytes > 0 && bytes % DESCRIPTOR_BYTES == 0;
        require(fits, "an indirect table whose length is no positive multiple of 16");
        return Math.min(bytes / DESCRIPTOR_BYTES, MAX_BUFFERS);
    }

    private void add(long gpa, int length, boolean write) {
        long bytes = Integer.toUnsignedLong(length);
        require(count < MAX_BUFFERS, "a chain of more than " + MAX_BUFFERS + " buffers");
        require(write || readable == count, "a buffer to read behind one to write");
        if (bytes == 0) {
            return;
        }
        if (length < 0 || !memory.contains(gpa, bytes, write)) {
            throw new QueueException("a buffer of " + bytes + " bytes at 0x" + Long.toHexString(gpa) + " to "
                    + (write ? "write" : "read") + ": not all of it is memory that may be");
        }
        gpas[count] = gpa;
        lengths[count] = length;
        count++;
        if (write) {
            writableBytes += bytes;
        } else {
            readable = count;
            readableBytes += bytes;
        }
        require(readableBytes + writableBytes <= MAX_BYTES, "a chain of more than 4 GiB");
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new QueueException(otherwise);
        }
    }

    /**
     * Copies what the guest gave.
     *
     * @param from offset in the readable bytes
     * @param into where to
     * @param at first index in it
     * @param length bytes, all of them within the readable
     * @throws QueueException if the buffers hold less
     */
    public void read(long from, byte[] into, int at, int length) {
        require(length <= readableBytes - from, "a request shorter than its header");
        long skip = from;
        int done = 0;
        for (int i = 0; done < length; i++) {
            if (skip >= lengths[i]) {
                skip -= lengths[i];
                continue;
            }
            int step = (int) Math.min(length - done, lengths[i] - skip);
            memory.read(gpas[i] + skip, into, at + done, step);
            done += step;
            skip = 0;
        }
    }

    /**
     * Copies to where the guest wants it.
     *
     * @param from offset in the writable bytes
     * @param source where from
     * @param at first index in it
     * @param length bytes, all of them within the writable
     * @throws QueueException if the buffers hold less
     */
    public void write(long from, byte[] source, int at, int length) {
        require(length <= writableBytes - from, "a reply longer than its buffers");
        long skip = from;
        int done = 0;
        for (int i = readable; done < length; i++) {
            if (skip >= lengths[i]) {
                skip -= lengths[i];
                continue;
            }
            int step = (int) Math.min(length - done, lengths[i] - skip);
            memory.write(gpas[i] + skip, source, at + done, step);
            done += step;
            skip = 0;
        }
    }

    /**
     * Views of the host memory behind a part of the buffers, for a transfer without a copy.
     *
     * @param write whether of the writable bytes; after writing, {@link #written} must follow
     * @param from offset in the readable or writable bytes
     * @param length bytes, all of them within those
     * @param into receives the views, in order
     * @return how many there are
     * @throws QueueException if the buffers hold less
     */
    public int views(boolean write, long from, long length, MemorySegment[] into) {
        require(length <= (write ? writableBytes : readableBytes) - from, "a request longer than its buffers");
        long skip = from;
        long left = length;
        int views = 0;
        for (int i = write ? readable : 0; left > 0; i++) {
            if (skip >= lengths[i]) {
                skip -= lengths[i];
                continue;
            }
            long step = Math.min(left, lengths[i] - skip);
            into[views++] = TransferView.of(memory, gpas[i] + skip, step, write);
            left -= step;
            skip = 0;
        }
        return views;
    }

    /**
     * Tells that bytes were written through {@link #views}.
     *
     * @param from offset in the writable bytes
     * @param length bytes
     */
    public void written(long from, long length) {
        long skip = from;
        long left = length;
        for (int i = readable; left > 0 && i < count; i++) {
            if (skip >= lengths[i]) {
                skip -= lengths[i];
                continue;
            }
            long step = Math.min(left, lengths[i] - skip);
            TransferView.written(memory, gpas[i] + skip, step);
            left -= step;
            skip = 0;
        }
    }
}
