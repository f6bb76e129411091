package dev.cloister.devices.virtio;

import dev.cloister.devices.InterruptLine;
import dev.cloister.devices.MmioBus;
import dev.cloister.devices.PortBus;
import dev.cloister.devices.PortDevice;
import dev.cloister.devices.pci.PciHost;
import dev.cloister.devices.pci.PciWindow;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Supplier;

/** A driver for tests, as simple as the specification allows: finds the structures, negotiates, one request at a time. */
public final class TestDriver implements AutoCloseable {
    /** Size of queue 0. */
    public static final int SIZE = 8;

    static final long ECAM = 0xE000_0000L;
    static final long DESCRIPTORS = QueueMemory.RAM;
    static final long AVAILABLE = QueueMemory.RAM + 0x100;
    static final long USED = QueueMemory.RAM + 0x200;

    static final int STATUS = 0x14;
    static final int DRIVER = 3;
    static final int FEATURES_OK = 8;
    static final int DRIVER_OK = 4;

    final QueueMemory m = new QueueMemory();
    final PortBus ports = new PortBus();
    final MmioBus mmio = new MmioBus();
    final BlockingQueue<String> messages = new LinkedBlockingQueue<>();
    final BlockingQueue<Boolean> pin = new LinkedBlockingQueue<>();
    final VirtioPci transport;
    private final long[] structures = new long[6];
    private int msix;
    private int configAccess;
    private long base;
    private short sent;

    /** Puts a device on a bus of its own and starts it. */
    public TestDriver(VirtioDevice device) {
        this(device, QueueBell::parking);
    }

    TestDriver(VirtioDevice device, Supplier<QueueBell> bells) {
        PciHost host = new PciHost(
                List.of(new PciWindow(0xC000_0000L, 0x1000_0000L)),
                gsi -> gsi < PciHost.FIRST_GSI ? InterruptLine.NONE : pin::add);
        PortDevice nothing = new PortDevice() {
            @Override
            public long read(int offset, int size) {
                return 0;
            }

            @Override
            public void write(int offset, int size, long value) {
                // Nothing there.
            }
        };
        host.attachTo(ports, nothing, mmio, ECAM);
        transport = new VirtioPci(
                device, m.memory, (address, data) -> messages.add(Long.toHexString(address) + ":" + data), bells);
        host.attach(1, transport.function());
        find();
        transport.start();
    }

    long config(int register, int size) {
        return mmio.read(ECAM + (1 << 15) + register, size);
    }

    void setConfig(int register, int size, long value) {
        mmio.write(ECAM + (1 << 15) + register, size, value);
    }

    private void find() {
        setConfig(4, 2, 6);
        base = config(0x10, 4);
        for (int at = (int) config(0x34, 1); at != 0; at = (int) config(at + 1, 1)) {
            if (config(at, 1) == 0x11) {
                msix = at;
            } else {
                int type = (int) config(at + 3, 1);
                structures[type] = base + config(at + 8, 4);
                configAccess = type == 5 ? at : configAccess;
            }
        }
    }

    /** The device's range is somewhere else now. */
    void at(long gpa) {
        for (int i = 1; i < structures.length; i++) {
            structures[i] += gpa - base;
        }
        base = gpa;
    }

    int configAccess() {
        return configAccess;
    }

    long common() {
        return structures[1];
    }

    long notifyAddress() {
        return structures[2];
    }

    /** Reads the ISR. */
    long isr() {
        return mmio.read(structures[3], 1);
    }

    /** Reads the device's configuration. */
    public long deviceConfig(int offset, int size) {
        return mmio.read(structures[4] + offset, size);
    }

    long common(int register, int size) {
        return mmio.read(common() + register, size);
    }

    void setCommon(int register, int size, long value) {
        mmio.write(common() + register, size, value);
    }

    /** The status register. */
    public long status() {
        return common(STATUS, 1);
    }

    long offered() {
        setCommon(0, 4, 0);
        long low = common(4, 4);
        setCommon(0, 4, 1);
        return low | common(4, 4) << 32;
    }

    void accept(long features) {
        for (int half = 0; half < 2; half++) {
            setCommon(8, 4, half);
            setCommon(0xc, 4, features >>> 32 * half & 0xffff_ffffL);
        }
        setCommon(STATUS, 1, DRIVER | FEATURES_OK);
    }

    /** Enables MSI-X: vector n sends n to address 0x1000. */
    void useMessages() {
        setConfig(msix + 2, 2, 0x8000);
        for (int i = 0; i < 2; i++) {
            long entry = base + 0x4000 + 16 * i;
            mmio.write(entry, 8, 0x1000);
            mmio.write(entry + 8, 4, i);
            mmio.write(entry + 12, 4, 0);
        }
        setCommon(0x10, 2, 0);
        setCommon(0x16, 2, 0);
        setCommon(0x1a, 2, 1);
    }

    void placeQueue(int queue, long descriptors, long available, long used) {
        setCommon(0x16, 2, queue);
        setCommon(0x18, 2, SIZE);
        setCommon(0x20, 8, descriptors);
        setCommon(0x28, 4, available);
        setCommon(0x2c, 4, available >>> 32);
        setCommon(0x30, 8, used);
        setCommon(0x1c, 2, 1);
    }

    /** Does all a driver does, with these features and {@code VERSION_1}. */
    public void bringUp(long features) {
        setCommon(STATUS, 1, DRIVER);
        accept(features | Features.VERSION_1);
        m.memory.writeInt(AVAILABLE, 0);
        m.memory.writeInt(USED, 0);
        sent = 0;
        placeQueue(0, DESCRIPTORS, AVAILABLE, USED);
        setCommon(STATUS, 1, DRIVER | FEATURES_OK | DRIVER_OK);
    }

    void descriptor(int index, long gpa, int length, int flags, int next) {
        long at = DESCRIPTORS + 16L * index;
        m.memory.writeLong(at, gpa);
        m.memory.writeInt(at + 8, length);
        m.memory.writeShort(at + 12, (short) flags);
        m.memory.writeShort(at + 14, (short) next);
    }

    void offer(int head) {
        m.memory.writeShort(AVAILABLE + 4 + 2L * (sent & SIZE - 1), (short) head);
        sent++;
        m.memory.writeShort(AVAILABLE + 2, sent);
        mmio.write(notifyAddress(), 2, 0);
    }

    /** Waits until what was offered last has been used; returns how much was written to it. */
    int awaitUsed() {
        while (m.memory.readShort(USED + 2) != sent) {
            Thread.onSpinWait();
        }
        return m.memory.readInt(USED + 4 + 8L * (sent - 1 & SIZE - 1) + 4);
    }

    /** Sends one request of a readable and a writable buffer, and waits for it. */
    public byte[] request(byte[] given, int wanted) {
        long in = QueueMemory.RAM + 0x1000;
        long out = in + given.length;
        m.memory.write(in, given, 0, given.length);
        descriptor(0, in, given.length, 1, 1);
        descriptor(1, out, wanted, 2, 0);
        offer(0);
        awaitUsed();
        byte[] reply = new byte[wanted];
        m.memory.read(out, reply, 0, wanted);
        return reply;
    }

    /**
     * How much the device said that it wrote to the last request.
     *
     * @return bytes, from the first that it may write on
     */
    public int written() {
        return awaitUsed();
    }

    /** Sends the same chain once more, without waiting. */
    public void offerAgain() {
        offer(0);
    }

    /** What the device said. */
    public List<String> notes() {
        return transport.notes();
    }

    /** Resets and waits until that is done. */
    public void reset() {
        setCommon(STATUS, 1, 0);
        while (status() != 0) {
            Thread.onSpinWait();
        }
    }

    @Override
    public void close() {
        transport.close();
        m.close();
    }
}
