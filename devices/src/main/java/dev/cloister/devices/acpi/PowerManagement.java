package dev.cloister.devices.acpi;

import dev.cloister.devices.InterruptLine;
import dev.cloister.devices.MachineControl;
import dev.cloister.devices.PortDevice;
import dev.cloister.devices.timer.Reminder;
import java.util.Objects;
import java.util.function.LongSupplier;

/**
 * ACPI's fixed hardware (ACPI 6.5, 4.8.3): PM1 event block at offset 0 (status, enable), PM1 control at 4, the 32-bit power management
 * timer of 3.579545 MHz at 8. Always in ACPI mode. A write to the control register with SLP_EN and SLP_TYP {@link #SOFT_OFF_TYPE}
 * switches off, as on QEMU's Q35 machine, where the block is at port 0x600; other sleep types are ignored. Events are the power button,
 * the timer's highest bit's change, the global lock's release and the CMOS clock's interrupt (Intel ICH9 data sheet, 13.8.3.1, RTC_STS), by
 * which a guest that idles with all its devices suspended is woken; they hold the system control interrupt as long as their status and
 * enable bits are both set. Any thread.
 */
public final class PowerManagement implements PortDevice {
    /** How many ports it takes. */
    public static final int PORTS = 12;

    /** Ticks of the timer in a second. */
    public static final long TIMER_HERTZ = 3_579_545;

    /** Value of SLP_TYP that means soft-off. */
    static final int SOFT_OFF_TYPE = 0;

    static final int CONTROL = 4;
    static final int CONTROL_BYTES = 2;
    static final int TIMER = 8;
    static final int TIMER_BYTES = 4;

    private static final int ENABLE = 2;
    private static final int STATUS_TIMER = 1;
    private static final int STATUS_GLOBAL_LOCK = 1 << 5;
    private static final int STATUS_POWER_BUTTON = 1 << 8;
    private static final int STATUS_SLEEP_BUTTON = 1 << 9;
    private static final int STATUS_CLOCK = 1 << 10;
    private static final int ENABLES =
            STATUS_TIMER | STATUS_GLOBAL_LOCK | STATUS_POWER_BUTTON | STATUS_SLEEP_BUTTON | STATUS_CLOCK;
    private static final int INTERRUPTS = STATUS_TIMER | STATUS_GLOBAL_LOCK | STATUS_POWER_BUTTON | STATUS_CLOCK;
    private static final int SCI_EN = 1;
    private static final int GLOBAL_LOCK_RELEASE = 1 << 2;
    private static final int SLP_TYP = 7 << 10;
    private static final int SLP_EN = 1 << 13;
    private static final int CONTROL_KEPT = 0x2 | SLP_TYP;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final int TIMER_EVENT_SHIFT = Integer.SIZE - 1;

    private final MachineControl machine;
    private final InterruptLine sci;
    private final LongSupplier nanos;
    private final Reminder timer;
    private int status;
    private int enable;
    private int control;
    /** How often the timer's highest bit had changed when its event was last cleared. */
    private long seenChanges;

    private boolean asserted;

    /**
     * The block of a machine.
     *
     * @param machine what it switches off
     * @param sci the system control interrupt
     * @param nanos the guest's time, monotonic
     * @param timers what its timer wakes by
     */
    public PowerManagement(MachineControl machine, InterruptLine sci, LongSupplier nanos, Reminder.Source timers) {
        this.machine = Objects.requireNonNull(machine);
        this.sci = Objects.requireNonNull(sci);
        this.nanos = Objects.requireNonNull(nanos);
        this.timer = timers.reminder(this::timerTurned);
    }

    /**
     * Presses the power button: a guest that listens shuts down in order.
     *
     * @return whether the guest has enabled the event; without that nothing will come of it
     */
    public synchronized boolean pressPowerButton() {
        status |= STATUS_POWER_BUTTON;
        update();
        return (enable & STATUS_POWER_BUTTON) != 0;
    }

    /**
     * The line of the CMOS clock's interrupt on its way: each time that it rises is an event as well.
     *
     * @param line where it leads to
     * @return what the clock is connected to
     */
    public InterruptLine clockLine(InterruptLine line) {
        return high -> {
            if (high) {
                clockRose();
            }
            line.setLevel(high);
        };
    }

    private synchronized void clockRose() {
        status |= STATUS_CLOCK;
        update();
    }

    private synchronized void timerTurned() {
        update();
    }

    @Override
    public synchronized long read(int offset, int size) {
        long registers = offset < TIMER ? events() >>> Byte.SIZE * offset : ticks() >>> Byte.SIZE * (offset - TIMER);
        return size < Long.BYTES ? registers & (1L << Byte.SIZE * size) - 1 : registers;
    }

    /** The first eight ports as one number. */
    private long events() {
        return status() | (long) enable << Short.SIZE | (long) (control | SCI_EN) << Integer.SIZE;
    }

    private int status() {
        return status | (changes() != seenChanges ? STATUS_TIMER : 0);
    }

    private long ticks() {
        long now = nanos.getAsLong();
        return now / NANOS_PER_SECOND * TIMER_HERTZ + now % NANOS_PER_SECOND * TIMER_HERTZ / NANOS_PER_SECOND;
    }

    private long changes() {
        return ticks() >>> TIMER_EVENT_SHIFT;
    }

    @Override
    public void write(int offset, int size, long value) {
        boolean off = false;
        synchronized (this) {
            for (int i = 0; i < size; i++) {
                off |= writeByte(offset + i, (int) (value >>> Byte.SIZE * i) & 0xFF);
            }
            update();
        }
        if (off) {
            machine.powerOff();
        }
    }

    /** Returns whether the guest switches off. A word's low byte is in place before its high byte can say so. */
    private boolean writeByte(int offset, int value) {
        int shift = (offset & 1) * Byte.SIZE;
        int bits = value << shift;
        switch (offset & ~1) {
            case 0 -> {
                status &= ~bits;
                seenChanges = (bits & STATUS_TIMER) == 0 ? seenChanges : changes();
            }
            case ENABLE -> enable = enable & ~(0xFF << shift) | bits & ENABLES;
            case CONTROL -> {
                return writeControl(0xFF << shift, bits);
            }
            default -> {
                // Between control and timer there is nothing, and the timer can't be set.
            }
        }
        return false;
    }

    private boolean writeControl(int mask, int bits) {
        control = control & ~mask | bits & CONTROL_KEPT;
        if ((bits & GLOBAL_LOCK_RELEASE) != 0) {
            // Nobody but the guest takes the global lock: its release has no one to wake.
            status &= ~STATUS_GLOBAL_LOCK;
        }
        return (bits & SLP_EN) != 0 && (control & SLP_TYP) >>> 10 == SOFT_OFF_TYPE;
    }

    private void update() {
        boolean now = (status() & enable & INTERRUPTS) != 0;
        if (now != asserted) {
            asserted = now;
            sci.setLevel(now);
        }
        boolean awaited = !now && (enable & STATUS_TIMER) != 0;
        timer.in(awaited ? untilChange() : Reminder.NEVER);
    }

    private long untilChange() {
        long at = changes() + 1 << TIMER_EVENT_SHIFT;
        long left = at - ticks();
        return left / TIMER_HERTZ * NANOS_PER_SECOND + Math.ceilDiv(left % TIMER_HERTZ * NANOS_PER_SECOND, TIMER_HERTZ);
    }
}
