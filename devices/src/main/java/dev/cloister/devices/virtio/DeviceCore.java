package dev.cloister.devices.virtio;

import dev.cloister.devices.Waiting;
import dev.cloister.mmu.GuestMemory;
import dev.cloister.mmu.GuestMemoryException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * A device's status machine (virtio 1.2, 2.1 and 3.1), its queues and their threads, whatever the transport.
 *
 * <pre>
 *   RESET ──ACKNOWLEDGE, DRIVER──▶ FEATURES ──FEATURES_OK──▶ SETUP ──DRIVER_OK──▶ LIVE ──broken queue──▶ LIVE, NEEDS_RESET
 *     ▲                                                                            │                          │
 *     └───────────────── last request ended ◀── RESETTING ◀──────── status 0 ──────┴──────────────────────────┘
 * </pre>
 *
 * <p>A reset stops the queues at once, but is complete only when requests that are being served have ended; until then the status
 * doesn't read 0, as the driver expects (4.1.4.3.1). Any thread; one lock, which is never held while a request is served.
 */
final class DeviceCore implements DeviceHost, AutoCloseable {
    static final int FEATURES_OK = 8;
    static final int DRIVER_OK = 4;
    static final int NEEDS_RESET = 0x40;
    private static final int DRIVER_BITS = 0x8f;

    /** How interrupts reach the driver. Called with or without the core's lock held. */
    interface Interrupts {
        /** A queue has used buffers. */
        void queue(int vector);

        /** The configuration or the status has changed. */
        void config(int vector);

        /** Back to silence. */
        void reset();
    }

    final QueueRegisters[] registers;
    private final VirtioDevice device;
    private final GuestMemory memory;
    private final Interrupts interrupts;
    private final Notes notes;
    private final VirtQueue[] queues;
    private final List<QueueWorker> workers = new ArrayList<>();
    private final BellPlaces places;
    private int status;
    private int generation;
    /** Which queues are being served, and how many. */
    private final boolean[] serving;

    private int busy;
    private boolean resetting;
    private boolean live;
    int configVector = QueueRegisters.NO_VECTOR;
    long driverFeatures;

    /** Doorbells are {@code step} bytes apart, or {@link BellPlaces#BY_VALUE}, once it is known where the first one is. */
    DeviceCore(
            VirtioDevice device, GuestMemory memory, Interrupts interrupts, Supplier<QueueBell> bellMaker, int step) {
        this.device = device;
        this.memory = memory;
        this.interrupts = interrupts;
        DeviceTraits traits = device.traits();
        this.notes = new Notes(traits.name());
        this.registers = new QueueRegisters[traits.queues()];
        this.queues = new VirtQueue[registers.length];
        this.serving = new boolean[registers.length];
        List<QueueBell> bells = new ArrayList<>();
        for (int i = 0; i < registers.length; i++) {
            registers[i] = new QueueRegisters(traits.queueSizes().get(i));
            int number = i;
            QueueBell bell = bellMaker.get();
            bells.add(bell);
            String name = traits.name() + " queue " + i;
            workers.add(new QueueWorker(name, bell, () -> serve(number), e -> lost(number, e)));
        }
        places = new BellPlaces(bells, step);
    }

    void start() {
        workers.forEach(QueueWorker::start);
    }

    /** Instead of {@link #start}, again and again: serves each queue once that was rung; false if there was none. */
    boolean serveNow() {
        boolean any = false;
        for (QueueWorker worker : workers) {
            any |= worker.serveIfRung();
        }
        return any;
    }

    long offered() {
        return device.features() | Features.COMMON;
    }

    /** The device's configuration from a byte on; 0 behind its end. */
    long readConfig(long offset, int size) {
        ConfigSpace config = device.config();
        return offset + size <= config.length() ? config.get((int) offset, size) : 0;
    }

    /** Writes to the device's configuration; nothing behind its end. */
    void writeConfig(long offset, int size, long value) {
        if (offset + size <= device.config().length()) {
            device.writeConfig((int) offset, size, value);
        }
    }

    List<String> notes() {
        return notes.list();
    }

    synchronized int status() {
        return status;
    }

    synchronized int generation() {
        return generation;
    }

    /** Whether the driver may still set features and queues. */
    synchronized boolean isSetUp() {
        return !live && !resetting;
    }

    synchronized void setStatus(int value) {
        if (value == 0) {
            beginReset();
            return;
        }
        if (resetting) {
            return;
        }
        int added = value & DRIVER_BITS & ~status;
        if ((added & FEATURES_OK) != 0 && !featuresAcceptable()) {
            added &= ~FEATURES_OK;
        }
        status |= added;
        if ((added & DRIVER_OK) != 0) {
            activate();
        }
    }

    private boolean featuresAcceptable() {
        return (driverFeatures & ~offered()) == 0 && (driverFeatures & Features.VERSION_1) != 0;
    }

    private void activate() {
        if ((status & FEATURES_OK) == 0) {
            fail("the driver says that it is ready, but features were not agreed on");
            return;
        }
        live = true;
        long used = 0;
        for (int i = 0; i < queues.length; i++) {
            if (registers[i].enabled) {
                used |= 1L << i;
                VirtQueue.Place place = registers[i].place();
                String fault = place.fault(memory);
                if (!fault.isEmpty()) {
                    fail("queue " + i + " " + place + " " + fault);
                    return;
                }
                int number = i;
                queues[i] = new VirtQueue(memory, place, driverFeatures, () -> interrupt(number));
            }
        }
        device.activate(driverFeatures, this);
        places.use(used).forEach(notes::add);
        // What the driver made available before it was ready had no notification that counted.
        workers.forEach(QueueWorker::ring);
    }

    /** The first queue's doorbell is at this address now, or {@link QueueBell#NOWHERE}. Any thread; needs not the core's lock. */
    void bellsMoved(long gpa) {
        places.moved(gpa).forEach(notes::add);
    }

    private void interrupt(int queue) {
        // Written only before the queue was made, and by a reset, after which nobody minds a lost interrupt.
        interrupts.queue(registers[queue].vector);
    }

    /** The driver's doorbell: any thread. */
    void ring(int queue) {
        if (queue >= 0 && queue < queues.length) {
            workers.get(queue).ring();
        }
    }

    private void serve(int number) {
        VirtQueue queue = enter(number);
        if (queue == null) {
            return;
        }
        try {
            do {
                queue.suppressNotifications();
                device.notified(number, queue);
            } while (queue.armNotifications());
        } catch (QueueException | GuestMemoryException e) {
            broken(queue, "queue " + number + ": " + e.getMessage());
        } catch (RuntimeException | StackOverflowError | InternalError e) {
            // InternalError: host memory behind guest memory that is gone.
            broken(queue, "queue " + number + ": the device failed: " + e);
        } finally {
            leave(number);
        }
    }

    /** Host memory was gone under an access, which the JVM may tell some steps later. */
    private synchronized void lost(int number, InternalError error) {
        VirtQueue queue = queues[number];
        if (queue != null) {
            broken(queue, "queue " + number + ": the device failed: " + error);
        }
    }

    private synchronized VirtQueue enter(int number) {
        VirtQueue queue = queues[number];
        if (queue == null || resetting || (status & NEEDS_RESET) != 0) {
            return null;
        }
        busy++;
        serving[number] = true;
        return queue;
    }

    private synchronized void leave(int number) {
        busy--;
        serving[number] = false;
        notifyAll();
        if (resetting && busy == 0) {
            finishReset();
        }
    }

    private synchronized void broken(VirtQueue queue, String reason) {
        // What a queue holds that was stopped meanwhile is no longer the driver's word.
        if (!queue.isStopped()) {
            fail(reason);
        }
    }

    /** Stops the device until the driver resets it (virtio 1.2, 2.1.2). */
    private void fail(String reason) {
        notes.add("stopped until its driver resets it: " + reason);
        stopQueues();
        status |= NEEDS_RESET;
        if ((status & DRIVER_OK) != 0) {
            interrupts.config(configVector);
        }
    }

    private void stopQueues() {
        for (int i = 0; i < queues.length; i++) {
            if (queues[i] != null) {
                queues[i].stop();
                workers.get(i).interruptWait();
            }
        }
    }

    private void beginReset() {
        stopQueues();
        resetting = true;
        if (busy == 0) {
            finishReset();
        }
    }

    /** Resets as a status of 0 does, and waits until the requests that are being served have ended. */
    synchronized void resetAndWait() {
        beginReset();
        Waiting.until(() -> !resetting, this::wait);
    }

    /** Ends the use of one queue until the next reset, and waits until the request that is being served has ended. */
    synchronized void retire(int number) {
        if (resetting) {
            return;
        }
        registers[number].enabled = false;
        VirtQueue queue = queues[number];
        if (queue == null) {
            return;
        }
        queue.stop();
        queues[number] = null;
        workers.get(number).interruptWait();
        Waiting.until(() -> !serving[number], this::wait);
    }

    private void finishReset() {
        notifyAll();
        resetting = false;
        live = false;
        status = 0;
        driverFeatures = 0;
        configVector = QueueRegisters.NO_VECTOR;
        for (int i = 0; i < queues.length; i++) {
            queues[i] = null;
            registers[i].reset();
        }
        places.use(0);
        device.reset();
        interrupts.reset();
    }

    @Override
    public void wake(int queue) {
        ring(queue);
    }

    @Override
    public synchronized void configChanged() {
        generation = generation + 1 & 0xff;
        if ((status & DRIVER_OK) != 0) {
            interrupts.config(configVector);
        }
    }

    @Override
    public void note(String text) {
        notes.add(text);
    }

    /** Stops the queues and waits for their threads. */
    @Override
    public void close() {
        synchronized (this) {
            stopQueues();
        }
        workers.forEach(QueueWorker::close);
    }
}
