package dev.cloister.devices.interrupt;

import dev.cloister.devices.MmioBus;
import dev.cloister.devices.PortBus;
import dev.cloister.devices.timer.Alarms;
import dev.cloister.devices.timer.GuestClock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Chips on their buses, processors that note when they are called, and a clock that a test moves. */
final class Chips implements AutoCloseable {
    static final int EOI = 0xB0;
    static final int SPURIOUS = 0xF0;
    static final int COMMAND = 0x300;
    static final int COMMAND_HIGH = 0x310;
    static final int LVT_TIMER = 0x320;
    static final int INITIAL = 0x380;
    static final int CURRENT = 0x390;
    static final int DIVIDE = 0x3E0;
    static final int TASK_PRIORITY = 0x80;
    private static final long IO_APIC = 0xFEC0_0000L;
    private static final int PATIENCE_SECONDS = 20;

    final PortBus ports = new PortBus();
    final MmioBus mmio = new MmioBus();
    final AtomicLong nanos = new AtomicLong();
    final Alarms alarms = new Alarms(new GuestClock(nanos::get), "alarms of a test");
    final List<Semaphore> called = new ArrayList<>();
    final InterruptChips chips;

    Chips(int processors) {
        List<Processor> all = new ArrayList<>();
        for (int i = 0; i < processors; i++) {
            Semaphore calls = new Semaphore(0);
            called.add(calls);
            all.add(calls::release);
        }
        chips = new InterruptChips(all, alarms);
        chips.attachTo(ports, mmio);
        alarms.resume();
    }

    LocalApic apic(int processor) {
        return chips.apic(processor);
    }

    void enable(int processor) {
        apic(processor).write(SPURIOUS, 4, 0x1FF);
    }

    /** Has the 8259s give vectors 20H and 28H, with nothing masked. */
    void initialisePics() {
        for (int[] write : new int[][] {
            {0x20, 0x11}, {0x21, 0x20}, {0x21, 4}, {0x21, 1}, {0xA0, 0x11}, {0xA1, 0x28}, {0xA1, 2}, {0xA1, 1}
        }) {
            ports.write(write[0], 1, write[1]);
        }
    }

    void redirect(int pin, long entry) {
        mmio.write(IO_APIC, 4, 0x11 + 2 * pin);
        mmio.write(IO_APIC + 0x10, 4, entry >>> 32);
        mmio.write(IO_APIC, 4, 0x10 + 2 * pin);
        mmio.write(IO_APIC + 0x10, 4, entry);
    }

    long redirection(int pin) {
        mmio.write(IO_APIC, 4, 0x10 + 2 * pin);
        return mmio.read(IO_APIC + 0x10, 4);
    }

    void pulse(int gsi) {
        chips.line(gsi).setLevel(true);
        chips.line(gsi).setLevel(false);
    }

    /** Moves the clock and has the alarms look at it. */
    void pass(long time) {
        nanos.addAndGet(time);
        alarms.resume();
    }

    /** Waits until a processor is called. */
    void awaitCall(int processor) throws InterruptedException {
        if (!called.get(processor).tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("processor " + processor + " was not called");
        }
    }

    @Override
    public void close() {
        alarms.close();
    }
}
