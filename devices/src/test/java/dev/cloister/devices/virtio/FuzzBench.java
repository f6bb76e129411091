package dev.cloister.devices.virtio;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * One device behind its transport, driven by a string of bytes, each step of which is a guest's or the host's: guest memory, descriptors, rings,
 * registers, bells, resets, also in the middle of a request. Everything happens on one thread, in the order of the bytes. After each step
 * memory is compared with what {@link FuzzModel} allows.
 */
final class FuzzBench implements AutoCloseable {
    static final int QUEUE_STEP = 0x400;
    static final int SIZE = 8;
    static final int AVAILABLE = 0x200;
    static final int USED = 0x300;
    private static final int SERVICES = 5000;
    private static final int NEEDS_RESET = DeviceCore.NEEDS_RESET;

    final QueueMemory m = new QueueMemory();
    final FuzzModel model = new FuzzModel(m);
    private final FuzzTarget target;
    private final FuzzTransport transport;
    private final ByteBuffer in;
    private byte[] expected = m.copy();
    private boolean exact = true;
    private boolean inside;
    /** Whether the driver keeps the rules of queues and registers, so that what the device says can be judged, too. */
    boolean polite;

    long features;
    final FuzzDriver driver;
    /** How many services were judged byte by byte, and how many requests came back. */
    int judged;

    int returned;

    FuzzBench(FuzzTarget target, byte[] input) {
        this(target, false, input);
    }

    FuzzBench(FuzzTarget target, boolean mmio, byte[] input) {
        this.target = target;
        this.in = ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN);
        transport = FuzzTransport.of(mmio, target.device(this), m.memory);
        driver = new FuzzDriver(this, queues());
    }

    /** The next byte; 0 behind the last. */
    int next() {
        return in.hasRemaining() ? in.get() & 0xff : 0;
    }

    int next16() {
        return next() | next() << 8;
    }

    long next64() {
        return next16() | (long) next16() << 16 | (long) next16() << 32 | (long) next16() << 48;
    }

    private int queues() {
        return transport.core().registers.length;
    }

    static long descriptors(int queue) {
        return QueueMemory.RAM + (long) queue * QUEUE_STEP;
    }

    void run() {
        boolean odd = next() % 2 != 0;
        polite = odd && target.speaks();
        if (polite) {
            restart();
        }
        while (in.hasRemaining()) {
            if (polite) {
                politely(next());
            } else {
                step(next());
            }
        }
        if (polite) {
            target.settle(this);
        }
        recovers();
    }

    private void politely(int kind) {
        switch (kind % 8) {
            case 0, 1 -> target.event(this);
            case 2 -> bell(next() % queues());
            case 3 -> {
                if (kind > 0xf0) {
                    restart();
                }
            }
            default -> target.speak(this);
        }
        exchange();
    }

    /** Has the device work, and the driver look at what came of it. */
    void exchange() {
        serve();
        target.listen(this);
    }

    private void restart() {
        bringUp(next64());
        target.restarted(this);
        serve();
    }

    void bell(int queue) {
        transport.bell(this::set, queue);
    }

    private void step(int kind) {
        switch (kind % 12) {
            case 0 -> poke(next16(), next64(), 1 << next() % 4);
            case 1 -> descriptor();
            case 2, 3 -> offer(next() % queues(), next());
            case 4 -> set(next16() % transport.reach(), 1 << next() % 4, next64());
            case 5 -> transport.registers().read(next16() % transport.reach(), 1 << next() % 4);
            case 6 -> bringUp(next64());
            case 7 -> transport.status(this::set, next() % 4 == 0 ? next() : 0);
            case 8 -> target.event(this);
            case 9 -> bell(next() % queues());
            default -> target.speak(this);
        }
        serve();
    }

    /** What another processor does while a request is served: called by the host's side of a device. */
    void meanwhile() {
        int kind = inside && !polite ? next() % 16 : 15;
        switch (kind) {
            case 0 -> stop();
            case 1 -> poke(next16(), next64(), 8);
            case 2 -> change(0x16 + next() % 0x22, 1 << next() % 4, next64());
            case 3 -> again(next64());
            case 4 -> transport.registers().read(next16() % transport.reach(), 4);
            default -> {
                // Nobody does anything.
            }
        }
    }

    private void stop() {
        if (transport.mayReset()) {
            transport.status(this::set, 0);
        }
    }

    private void again(long choice) {
        if (transport.mayReset()) {
            bringUp(choice);
        }
    }

    private void change(int register, int size, long value) {
        if (transport.mayInterrupt(register)) {
            set(register, size, value);
        }
    }

    /** Bytes that the guest stores. */
    void store(long gpa, byte[] bytes, int from, int length) {
        m.memory.write(gpa, bytes, from, length);
        System.arraycopy(bytes, from, expected, (int) (gpa - QueueMemory.RAM), length);
    }

    /** A store of the guest's own. */
    void poke(int at, long value, int size) {
        int offset = at % (QueueMemory.RAM_BYTES - 8);
        for (int i = 0; i < size; i++) {
            byte each = (byte) (value >>> 8 * i);
            m.memory.writeByte(QueueMemory.RAM + offset + i, each);
            expected[offset + i] = each;
        }
        if (inside) {
            // Rings that change under the device are judged by what they were and by what they are.
            learn();
            exact &= model.exact();
            model.writable.set(offset, offset + size);
        }
    }

    private void descriptor() {
        int queue = next() % queues();
        int index = next() % SIZE;
        int place = next();
        int flags = next();
        long gpa = QueueMemory.RAM + 0x4000 + (place & 0x7f) * 0x100 + (place >> 7) * 0x7000L;
        int at = queue * QUEUE_STEP + index * 16;
        poke(at, (flags & 0xc0) == 0xc0 ? next64() : gpa, 8);
        poke(at + 8, (flags & 0x30) == 0x30 ? next64() : next16() % 0x600, 4);
        poke(at + 12, flags & 7, 2);
        poke(at + 14, (flags & 8) == 0 ? index + 1 : next16(), 2);
    }

    void offer(int queue, int head) {
        int base = queue * QUEUE_STEP + AVAILABLE;
        int index = m.memory.readShort(QueueMemory.RAM + base + 2) & 0xffff;
        poke(base + 4 + 2 * (index % SIZE), head % SIZE, 2);
        poke(base + 2, index + 1, 2);
        bell(queue);
    }

    private void set(int register, int size, long value) {
        transport.registers().write(register, size, value & -1L >>> Long.SIZE - 8 * size);
        if (transport.core().status() == 0) {
            model.clear();
        }
    }

    /** All that a driver does, with some of the features and the queues in their usual places. */
    private void bringUp(long choice) {
        transport.status(this::set, 0);
        transport.status(this::set, 3);
        long wanted = transport.core().offered() & (choice | Features.VERSION_1);
        features = wanted;
        transport.accept(this::set, wanted);
        transport.status(this::set, 11);
        for (int queue = 0; queue < queues(); queue++) {
            if (!inside) {
                Arrays.fill(expected, queue * QUEUE_STEP + AVAILABLE, queue * QUEUE_STEP + QUEUE_STEP, (byte) 0);
                m.memory.write(
                        descriptors(queue) + AVAILABLE, new byte[QUEUE_STEP - AVAILABLE], 0, QUEUE_STEP - AVAILABLE);
            }
            transport.place(this::set, queue, SIZE, descriptors(queue));
        }
        transport.status(this::set, 15);
        driver.reset();
    }

    private void learn() {
        if ((transport.core().status() & DeviceCore.DRIVER_OK) != 0) {
            for (QueueRegisters queue : transport.core().registers) {
                model.add(queue, polite);
            }
        }
    }

    private void serve() {
        if (polite) {
            model.clear();
        }
        learn();
        exact &= model.exact();
        inside = true;
        for (int i = 0; transport.core().serveNow(); i++) {
            if (i > SERVICES) {
                throw new AssertionError("the device is never done");
            }
            compare();
            learn();
            exact &= model.exact();
        }
        inside = false;
        compare();
        for (String note : transport.transport().notes()) {
            if (note.contains("the device failed")) {
                throw new AssertionError(note);
            }
        }
        boolean stopped = (transport.core().status() & NEEDS_RESET) != 0;
        if (stopped && (polite || transport.transport().notes().isEmpty())) {
            throw new AssertionError(
                    "the device stopped: " + transport.transport().notes());
        }
        if (transport.core().status() == 0) {
            model.clear();
            exact = true;
        }
    }

    /** Memory is as it was but for what may change; from here on it is as it is. */
    private void compare() {
        byte[] now = m.copy();
        if (exact) {
            judged++;
        }
        for (int at = Arrays.mismatch(expected, now); at >= 0; at = mismatch(now, at + 1)) {
            boolean allowed = at < QueueMemory.RAM_BYTES && (!exact || model.writable.get(at));
            if (!allowed) {
                throw new AssertionError("byte 0x" + Integer.toHexString(at) + " behind the start of RAM became "
                        + now[at] + " from " + expected[at]);
            }
            if (at % QUEUE_STEP == USED + 2) {
                returned++;
            }
        }
        expected = now;
    }

    private int mismatch(byte[] now, int from) {
        int at = Arrays.mismatch(expected, from, expected.length, now, from, now.length);
        return at < 0 ? at : from + at;
    }

    /** A page that a balloon gives back: one that the guest has named, if that can be told. Returns whether it is RAM. */
    boolean release(long gpa, long bytes) {
        meanwhile();
        if (gpa < QueueMemory.RAM
                || bytes > QueueMemory.RAM_BYTES
                || gpa + bytes > QueueMemory.RAM + QueueMemory.RAM_BYTES) {
            return false;
        }
        for (long at = gpa; exact && at < gpa + bytes; at += 4096) {
            if (!isNamed(at)) {
                throw new AssertionError("nobody has given page 0x" + Long.toHexString(at));
            }
        }
        byte[] zeros = new byte[(int) bytes];
        m.memory.write(gpa, zeros, 0, zeros.length);
        System.arraycopy(zeros, 0, expected, (int) (gpa - QueueMemory.RAM), zeros.length);
        // The rings may have been on it.
        exact = false;
        return true;
    }

    /** By a number in some readable buffer, or by a writable buffer that covers it. */
    private boolean isNamed(long gpa) {
        int offset = (int) (gpa - QueueMemory.RAM);
        if (model.writable.get(offset, offset + 4096).cardinality() == 4096) {
            return true;
        }
        int number = (int) (gpa >>> 12);
        for (int at = model.readable.nextSetBit(0); at >= 0; at = model.readable.nextSetBit(at + 1)) {
            if (at <= QueueMemory.RAM_BYTES - 4 && m.memory.readInt(QueueMemory.RAM + at) == number) {
                return true;
            }
        }
        return false;
    }

    /** Whatever has happened, a reset makes a device as new. */
    private void recovers() {
        transport.status(this::set, 0);
        serve();
        bringUp(0);
        serve();
        if (transport.core().status() != 15) {
            throw new AssertionError("after a reset the status is "
                    + transport.core().status() + ": " + transport.transport().notes());
        }
    }

    @Override
    public void close() {
        transport.transport().close();
        target.close();
        m.close();
    }
}
