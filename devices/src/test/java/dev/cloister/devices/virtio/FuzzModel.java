package dev.cloister.devices.virtio;

import java.util.BitSet;

/**
 * What a device may write and give back, worked out from guest memory before it is served: the used rings, and the buffers that it was given to
 * write. Where such a buffer lies over the rings and tables themselves the device changes its own orders while it works, and only what is
 * outside RAM can be judged ({@link #exact}).
 */
final class FuzzModel {
    private static final int DESCRIPTOR = 16;
    private static final int MOST = Chain.MAX_BUFFERS;

    private final QueueMemory m;
    /** Bytes of RAM that may change. */
    final BitSet writable = new BitSet();
    /** Bytes of RAM that the guest has given to read. */
    final BitSet readable = new BitSet();

    private final BitSet control = new BitSet();

    FuzzModel(QueueMemory m) {
        this.m = m;
    }

    /** Forgets what was given: after a reset. */
    void clear() {
        writable.clear();
        readable.clear();
        control.clear();
    }

    boolean exact() {
        return !writable.intersects(control);
    }

    private static void mark(BitSet set, long gpa, long length) {
        long from = Math.max(gpa - QueueMemory.RAM, 0);
        long to = Math.min(gpa + length - QueueMemory.RAM, QueueMemory.RAM_BYTES);
        if (gpa >= 0 && from < to) {
            set.set((int) from, (int) to);
        }
    }

    /** Adds what a queue holds now, or also what was given back since the reset, if the driver can't be trusted to know. */
    void add(QueueRegisters queue, boolean heldOnly) {
        int size = queue.size;
        if (!queue.enabled || !queue.place().fault(m.memory).isEmpty()) {
            return;
        }
        mark(writable, queue.area(QueueRegisters.DEVICE), 4 + 8L * size + 2);
        mark(control, queue.area(QueueRegisters.DESCRIPTORS), (long) size * DESCRIPTOR);
        mark(control, queue.area(QueueRegisters.DRIVER), 4 + 2L * size + 2);
        int index = m.memory.readShort(queue.area(QueueRegisters.DRIVER) + 2) & 0xffff;
        int first = heldOnly
                ? m.memory.readShort(queue.area(QueueRegisters.DEVICE) + 2) & 0xffff
                : Math.max(0, index - size);
        for (int i = first; i < index; i++) {
            int slot = i % size;
            follow(
                    queue.area(QueueRegisters.DESCRIPTORS),
                    size,
                    m.memory.readShort(queue.area(QueueRegisters.DRIVER) + 4 + 2L * slot) & 0xffff,
                    true);
        }
    }

    private void follow(long table, int size, int head, boolean outer) {
        int index = head;
        for (int step = 0; step < MOST && index < size; step++) {
            long at = table + (long) index * DESCRIPTOR;
            if (!m.memory.contains(at, DESCRIPTOR, false)) {
                return;
            }
            long gpa = m.memory.readLong(at);
            int length = m.memory.readInt(at + 8);
            int flags = m.memory.readShort(at + 12);
            if ((flags & 4) != 0 && outer && length > 0) {
                mark(control, gpa, length);
                follow(gpa, Math.min(length / DESCRIPTOR, MOST), 0, false);
            } else if (length > 0) {
                mark((flags & 2) != 0 ? writable : readable, gpa, length);
            }
            if ((flags & 1) == 0) {
                return;
            }
            index = m.memory.readShort(at + 14) & 0xffff;
        }
    }
}
