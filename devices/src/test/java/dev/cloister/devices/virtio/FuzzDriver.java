package dev.cloister.devices.virtio;

import java.util.Arrays;

/**
 * A driver that knows how queues are used: it gives chains and takes them back. A queue has either eight of one buffer or four of two, each in a
 * place of its own.
 */
final class FuzzDriver {
    private static final int CHAINS = FuzzBench.SIZE;
    private static final int DATA = 0x4000;
    private static final int DATA_END = 0xf000;
    private static final int NEXT = 1;
    private static final int WRITE = 2;

    private final FuzzBench bench;
    private final int[] given;
    private final int[] taken;
    /** The length to write of each chain that is out, by queue and chain; -1 for one that isn't. */
    private final int[][] wanted;

    private final int[] buffers;
    private final int room;

    FuzzDriver(FuzzBench bench, int queues) {
        this.bench = bench;
        given = new int[queues];
        taken = new int[queues];
        wanted = new int[queues][CHAINS];
        buffers = new int[queues];
        room = (DATA_END - DATA) / (queues * CHAINS) & ~0xf;
        Arrays.fill(buffers, 1);
    }

    /** All queues are empty; from now on each has chains of one or of two buffers. */
    void reset() {
        int choice = bench.next();
        for (int queue = 0; queue < given.length; queue++) {
            given[queue] = 0;
            taken[queue] = 0;
            buffers[queue] = 1 + (choice >> queue & 1);
            Arrays.fill(wanted[queue], -1);
        }
    }

    /** The longest chain, in bytes. */
    int room() {
        return room - 0x10;
    }

    /** How many chains the device has. */
    int out(int queue) {
        return given[queue] - taken[queue];
    }

    /** How many it can have. */
    int chains(int queue) {
        return CHAINS / buffers[queue];
    }

    /** How many were taken back since the reset. */
    int taken(int queue) {
        return taken[queue];
    }

    private long place(int queue, int chain) {
        return QueueMemory.RAM + DATA + (long) (queue * CHAINS + chain) * room;
    }

    /** Gives the device bytes to read; false if it has as much as there is. */
    boolean send(int queue, byte[] bytes) {
        return offer(queue, bytes, bytes.length);
    }

    /** Gives the device room to write; false if it has as much as there is. */
    boolean receive(int queue, int length) {
        return offer(queue, null, length);
    }

    private boolean offer(int queue, byte[] bytes, int length) {
        int chain = given[queue] % chains(queue);
        if (out(queue) >= chains(queue) || wanted[queue][chain] >= 0 || length < 1 || length > room()) {
            return false;
        }
        int head = buffers[queue] * chain;
        int choice = bench.next();
        boolean two = buffers[queue] == 2 && length > 1;
        int split = two ? 1 + bench.next16() % (length - 1) : length;
        long at = place(queue, chain) + choice % 0x10;
        int flags = bytes == null ? WRITE : 0;
        describe(queue, head, at, split, flags | (split < length ? NEXT : 0));
        if (two) {
            describe(queue, head + 1, at + split, length - split, flags);
        }
        if (bytes != null) {
            bench.store(at, bytes, 0, length);
        }
        wanted[queue][chain] = bytes == null ? length : 0;
        given[queue]++;
        bench.offer(queue, head);
        return true;
    }

    private void describe(int queue, int index, long gpa, int length, int flags) {
        int at = queue * FuzzBench.QUEUE_STEP + index * 16;
        bench.poke(at, gpa, 8);
        bench.poke(at + 8, length, 4);
        bench.poke(at + 12, flags, 2);
        bench.poke(at + 14, index + 1, 2);
    }

    /** Takes the next chain back: what the device wrote to it; null if there is none. */
    byte[] take(int queue) {
        long used = FuzzBench.descriptors(queue) + FuzzBench.USED;
        int index = bench.m.memory.readShort(used + 2) & 0xffff;
        if (index == (taken[queue] & 0xffff)) {
            return null;
        }
        long entry = used + 4 + 8L * (taken[queue] % FuzzBench.SIZE);
        int head = bench.m.memory.readInt(entry);
        int length = bench.m.memory.readInt(entry + 4);
        int chain = head / buffers[queue];
        boolean known = head >= 0 && head < CHAINS && head % buffers[queue] == 0 && wanted[queue][chain] >= 0;
        if (!known || length < 0 || length > wanted[queue][chain]) {
            if (bench.polite) {
                throw new AssertionError(
                        "queue " + queue + " gave back chain " + head + " with " + length + " bytes, which it hadn't");
            }
            return null;
        }
        taken[queue]++;
        wanted[queue][chain] = -1;
        byte[] bytes = new byte[length];
        long gpa = bench.m.memory.readLong(FuzzBench.descriptors(queue) + 16L * head);
        if (bench.m.memory.contains(gpa, length, false)) {
            bench.m.memory.read(gpa, bytes, 0, length);
        }
        return bytes;
    }
}
