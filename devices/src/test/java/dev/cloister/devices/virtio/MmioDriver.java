package dev.cloister.devices.virtio;

import dev.cloister.devices.MmioBus;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Supplier;

/** A driver of the MMIO transport for tests: one queue, one request of one writable buffer at a time. */
final class MmioDriver implements AutoCloseable {
    static final long BASE = 0xD000_0000L;
    static final int SIZE = 8;
    static final long DESCRIPTORS = QueueMemory.RAM;
    static final long AVAILABLE = QueueMemory.RAM + 0x100;
    static final long USED = QueueMemory.RAM + 0x200;

    static final int QUEUE_SELECT = 0x30;
    static final int QUEUE_MAXIMUM = 0x34;
    static final int QUEUE_SIZE = 0x38;
    static final int QUEUE_READY = 0x44;
    static final int INTERRUPTS = 0x60;
    static final int ACKNOWLEDGE = 0x64;
    static final int STATUS = 0x70;
    static final int DRIVER = 3;
    static final int FEATURES_OK = 8;
    static final int DRIVER_OK = 4;

    final QueueMemory m = new QueueMemory();
    final MmioBus bus = new MmioBus();
    final BlockingQueue<Boolean> line = new LinkedBlockingQueue<>();
    final VirtioMmio transport;
    private short sent;

    MmioDriver(VirtioDevice device, Supplier<QueueBell> bells) {
        transport = new VirtioMmio(device, m.memory, line::add, bells, BASE);
        bus.attach(BASE, VirtioMmio.BYTES, transport, "virtio");
        transport.start();
    }

    long get(int register) {
        return bus.read(BASE + register, 4);
    }

    void set(int register, long value) {
        bus.write(BASE + register, 4, value);
    }

    long status() {
        return get(STATUS);
    }

    void accept(long features) {
        for (int half = 0; half < 2; half++) {
            set(0x24, half);
            set(0x20, features >>> 32 * half & 0xffff_ffffL);
        }
        set(STATUS, DRIVER | FEATURES_OK);
    }

    void placeQueue(int queue) {
        set(QUEUE_SELECT, queue);
        set(QUEUE_SIZE, SIZE);
        set(0x80, DESCRIPTORS);
        set(0x84, 0);
        set(0x90, AVAILABLE);
        set(0x94, 0);
        set(0xa0, USED);
        set(0xa4, 0);
        set(QUEUE_READY, 1);
    }

    void bringUp(long features) {
        set(STATUS, 0);
        set(STATUS, DRIVER);
        accept(features | Features.VERSION_1);
        m.memory.writeInt(AVAILABLE, 0);
        m.memory.writeInt(USED, 0);
        sent = 0;
        placeQueue(0);
        set(STATUS, DRIVER | FEATURES_OK | DRIVER_OK);
    }

    /** Gives the device a buffer to fill. */
    void offer(int index, long gpa, int length, int flags) {
        long at = DESCRIPTORS + 16L * index;
        m.memory.writeLong(at, gpa);
        m.memory.writeInt(at + 8, length);
        m.memory.writeInt(at + 12, flags);
        m.memory.writeShort(AVAILABLE + 4 + 2L * (sent & SIZE - 1), (short) index);
        sent++;
        m.memory.writeShort(AVAILABLE + 2, sent);
        set(VirtioMmio.QUEUE_NOTIFY, 0);
    }

    int used() {
        return m.memory.readShort(USED + 2);
    }

    /** Waits until what was offered last has been used; returns how much was written to it. */
    int awaitUsed() {
        while (used() != sent) {
            Thread.onSpinWait();
        }
        return m.memory.readInt(USED + 4 + 8L * (sent - 1 & SIZE - 1) + 4);
    }

    @Override
    public void close() {
        transport.close();
        m.close();
    }
}
