package dev.cloister.devices.virtio;

import java.nio.charset.StandardCharsets;

/** A driver's side of one queue of 8 descriptors in a {@link QueueMemory}, one buffer for each request. */
final class QueueDriver {
    static final int SIZE = 8;
    private static final int BYTES = 0x1000;
    private static final int BUFFERS = 0x400;
    private static final int BUFFER = 0x100;
    private static final int WRITE = 2;

    final VirtQueue queue;
    private final QueueMemory m;
    private final long base;
    private short offered;
    private short taken;

    /** Queue {@code number} in a memory that other queues are in as well. */
    QueueDriver(QueueMemory m, int number) {
        this.m = m;
        this.base = QueueMemory.RAM + (long) number * BYTES;
        queue = new VirtQueue(m.memory, new VirtQueue.Place(SIZE, base, base + 0x100, base + 0x200), 0, () -> {});
    }

    /** Gives the device a text to read. */
    void send(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        m.memory.write(buffer(), bytes, 0, bytes.length);
        offer(bytes.length, 0);
    }

    /** Gives the device a buffer to write. */
    void receive(int length) {
        offer(length, WRITE);
    }

    private long buffer() {
        return base + BUFFERS + (long) (offered & SIZE - 1) * BUFFER;
    }

    private void offer(int length, int flags) {
        int slot = offered & SIZE - 1;
        m.memory.writeLong(base + 16L * slot, buffer());
        m.memory.writeLong(base + 16L * slot + 8, length | (long) flags << 32);
        m.memory.writeShort(base + 0x104 + 2L * slot, (short) slot);
        offered++;
        m.memory.writeShort(base + 0x102, offered);
    }

    /** How many requests the device has given back that were not looked at. */
    int used() {
        return m.memory.readShort(base + 0x202) - taken & 0xffff;
    }

    /** How many requests the device still has. */
    int outstanding() {
        return offered - m.memory.readShort(base + 0x202) & 0xffff;
    }

    /** What the device wrote to the next request that it gave back. */
    String next() {
        if (used() == 0) {
            return null;
        }
        long entry = base + 0x204 + 8L * (taken & SIZE - 1);
        int slot = m.memory.readInt(entry);
        byte[] bytes = new byte[m.memory.readInt(entry + 4)];
        m.memory.read(base + BUFFERS + (long) slot * BUFFER, bytes, 0, bytes.length);
        taken++;
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
