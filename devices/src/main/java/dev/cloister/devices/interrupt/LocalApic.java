package dev.cloister.devices.interrupt;

import dev.cloister.devices.timer.Alarms;

/**
 * One processor's local APIC, xAPIC and x2APIC (Intel SDM vol. 3, chapter 11; the sections below are its). Its processor's thread uses
 * the public methods; interrupts arrive from any thread.
 *
 * <p>Where the page of an xAPIC lies over memory, the memory is seen. Unlike the manual, LINT0 of the first processor begins as an
 * unmasked ExtINT, as firmware leaves it and as KVM has it: kernels that are entered without firmware get the 8259s' interrupts.
 */
public final class LocalApic {
    /** IA32_APIC_BASE. */
    public static final int MSR_BASE = 0x1B;
    /** IA32_TSC_DEADLINE. */
    public static final int MSR_TSC_DEADLINE = 0x6E0;
    /** The first register of x2APIC mode. */
    public static final int MSR_X2APIC = 0x800;
    /** The page's size in bytes. */
    public static final int BYTES = 0x1000;

    static final long BASE_X2APIC = 1 << 10;
    static final long BASE_ENABLED = 1 << 11;
    private static final long BASE_FIRST = 1 << 8;
    private static final long DEFAULT_BASE = 0xFEE0_0000L;
    private static final int FIRST_VECTOR = 16;
    private static final int NONE = -1;
    /** One that the processor takes at once, and one that waits behind it. */
    private static final int MOST_NMIS = 2;

    final Object lock;
    final ApicBus bus;
    final ApicTimer timer;
    final VectorSet requests = new VectorSet();
    final VectorSet inService = new VectorSet();
    final VectorSet levels = new VectorSet();
    final int number;
    final ApicRegisters registers;

    private final InterruptChips chips;
    private final Processor processor;
    private long base;
    private int nonMaskable;
    private boolean init;
    private int startup = NONE;
    private boolean waitsForStartup;
    private volatile boolean attention;

    LocalApic(int number, InterruptChips chips, Processor processor, Alarms alarms) {
        this.number = number;
        this.chips = chips;
        this.lock = chips.lock();
        this.bus = chips.bus();
        this.processor = processor;
        this.timer = new ApicTimer(alarms, this::timerRings);
        this.registers = new ApicRegisters(this);
        this.base = DEFAULT_BASE | BASE_ENABLED | (number == 0 ? BASE_FIRST : 0);
        this.waitsForStartup = number != 0;
    }

    /**
     * Whether an access to guest-physical space is for this APIC's page.
     *
     * @param gpa the address
     * @return false also while the APIC is disabled or in x2APIC mode
     */
    public boolean claims(long gpa) {
        long state = base;
        return (gpa ^ state) >>> 12 == 0 && (state & (BASE_ENABLED | BASE_X2APIC)) == BASE_ENABLED;
    }

    /**
     * Reads from the page. Registers are 32 bits at multiples of 16; what lies between reads as 0 (11.4.1).
     *
     * @param offset from the page's start, 0 to 4095
     * @param size 1, 2, 4 or 8
     * @return the value, zero-extended
     */
    public long read(int offset, int size) {
        synchronized (lock) {
            long value = (offset & 0xf) < Integer.BYTES ? registers.read(offset >> 4 & 0xff) & 0xffff_ffffL : 0;
            return value >>> Byte.SIZE * (offset & 3);
        }
    }

    /**
     * Writes to the page. Anything but an aligned 32-bit write to a register is without effect (11.4.1).
     *
     * @param offset from the page's start, 0 to 4095
     * @param size 1, 2, 4 or 8
     * @param value the value
     */
    public void write(int offset, int size, long value) {
        synchronized (lock) {
            if (size == Integer.BYTES && (offset & 0xf) == 0) {
                registers.write(offset >> 4 & 0xff, (int) value);
                update();
            }
        }
    }

    /**
     * Reads a register of x2APIC mode (11.12.1.2).
     *
     * @param index the MSR's number, from {@link #MSR_X2APIC} on
     * @param value element 0 receives the value
     * @return false where the access raises #GP
     */
    public boolean readMsr(int index, long[] value) {
        synchronized (lock) {
            return x2apic() && registers.readMsr(index - MSR_X2APIC, value);
        }
    }

    /**
     * Writes a register of x2APIC mode.
     *
     * @param index the MSR's number, from {@link #MSR_X2APIC} on
     * @param value what is written
     * @return false where the access raises #GP
     */
    public boolean writeMsr(int index, long value) {
        synchronized (lock) {
            boolean done = x2apic() && registers.writeMsr(index - MSR_X2APIC, value);
            update();
            return done;
        }
    }

    /**
     * IA32_APIC_BASE.
     *
     * @return its value
     */
    public long base() {
        synchronized (lock) {
            return base;
        }
    }

    /**
     * Writes IA32_APIC_BASE: disables, enables, or goes to x2APIC mode, from which only disabling leads back (11.12.5).
     *
     * @param value what is written
     * @param addressBits how wide guest-physical addresses are
     * @return false where the write raises #GP
     */
    public boolean setBase(long value, int addressBits) {
        synchronized (lock) {
            long reserved = -1L << addressBits | 0x2ff;
            boolean enables = (value & BASE_ENABLED) != 0;
            boolean wants2 = (value & BASE_X2APIC) != 0;
            boolean was = (base & BASE_ENABLED) != 0;
            boolean invalid = wants2 && !(enables && was) || x2apic() && enables && !wants2;
            if ((value & reserved) != 0 || invalid) {
                return false;
            }
            if (was && !enables) {
                clear();
            }
            boolean enters2 = wants2 && !x2apic();
            base = value & ~BASE_FIRST | base & BASE_FIRST;
            if (enters2) {
                registers.enterX2apic();
            }
            update();
            return true;
        }
    }

    boolean x2apic() {
        return (base & BASE_X2APIC) != 0;
    }

    /**
     * IA32_TSC_DEADLINE.
     *
     * @return its value, 0 when it is not armed
     */
    public long deadline() {
        synchronized (lock) {
            return timer.deadline();
        }
    }

    /**
     * Writes IA32_TSC_DEADLINE.
     *
     * @param value when the timer rings; 0 disarms it
     * @param counter what the processor's time-stamp counter, of 1 GHz, reads now
     */
    public void setDeadline(long value, long counter) {
        synchronized (lock) {
            if (timer.setDeadline(value, counter)) {
                registers.deliverLocal(ApicRegisters.LVT_TIMER);
                update();
            }
        }
    }

    /**
     * The task priority register.
     *
     * @return 0 to 255; CR8 is its high half
     */
    public int taskPriority() {
        return registers.taskPriority();
    }

    /**
     * Sets the task priority, as a write to CR8 does.
     *
     * @param value 0 to 255
     */
    public void setTaskPriority(int value) {
        synchronized (lock) {
            registers.setTaskPriority(value & 0xff);
            update();
        }
    }

    /**
     * Whether there is anything for the processor: an interrupt that its priority lets through, an NMI, INIT or SIPI. One volatile read.
     *
     * @return true as long as there is
     */
    public boolean attention() {
        return attention;
    }

    /**
     * Whether there is something that RFLAGS.IF does not hold back.
     *
     * @return whether an NMI, INIT or SIPI is pending
     */
    public boolean unmaskable() {
        synchronized (lock) {
            return nonMaskable > 0 || init || startup >= 0;
        }
    }

    /**
     * Takes the interrupt of the highest priority, an 8259's before others.
     *
     * @return the vector, or -1 if there is none any more
     */
    public int acknowledge() {
        synchronized (lock) {
            int vector = chips.acknowledgePic(this);
            if (vector < 0) {
                vector = deliverable();
                if (vector >= 0) {
                    requests.remove(vector);
                    inService.add(vector);
                }
            }
            update();
            return vector;
        }
    }

    /**
     * Takes a pending NMI. Two may be pending, as if the processor had begun with the first when the second came.
     *
     * @return whether there was one
     */
    public boolean takeNonMaskable() {
        synchronized (lock) {
            boolean was = nonMaskable > 0;
            nonMaskable -= was ? 1 : 0;
            update();
            return was;
        }
    }

    /**
     * Takes a pending INIT: the APIC is as after a reset but for its id (11.4.7.3), the processor waits for a SIPI unless it is the first.
     *
     * @return whether there was one
     */
    public boolean takeInit() {
        synchronized (lock) {
            boolean was = init;
            if (was) {
                // A SIPI may have followed before the processor's thread came to look.
                int next = startup;
                clear();
                startup = next;
                waitsForStartup = number != 0;
            }
            update();
            return was;
        }
    }

    /**
     * Takes a pending SIPI.
     *
     * @return its vector, the number of the page where the processor starts, or -1
     */
    public int takeStartup() {
        synchronized (lock) {
            int was = startup;
            startup = NONE;
            waitsForStartup &= was < 0;
            update();
            return was;
        }
    }

    /**
     * Whether the processor executes nothing until a SIPI comes.
     *
     * @return true at first for all processors but the first
     */
    public boolean waitsForStartup() {
        synchronized (lock) {
            return waitsForStartup;
        }
    }

    private void clear() {
        requests.clear();
        inService.clear();
        levels.clear();
        timer.reset();
        registers.reset();
        nonMaskable = 0;
        init = false;
        startup = NONE;
    }

    private void timerRings() {
        synchronized (lock) {
            if (timer.expire()) {
                registers.deliverLocal(ApicRegisters.LVT_TIMER);
                update();
            }
        }
    }

    // From here on: with the lock held.

    /** Whether it takes fixed interrupts: the global and the software switch. */
    boolean enabled() {
        return (base & BASE_ENABLED) != 0 && registers.softwareEnabled();
    }

    boolean isAddressed(ApicMessage message) {
        if ((base & BASE_ENABLED) == 0) {
            return false;
        }
        return message.broadcast()
                || (message.logical()
                        ? registers.matchesLogical(message.destination())
                        : message.destination() == number);
    }

    /** Takes a message that is addressed to this APIC (11.6 and 11.8). */
    boolean accept(ApicMessage message) {
        switch (message.mode()) {
            case ApicMessage.FIXED, ApicMessage.LOWEST -> {
                return request(message.vector(), message.level());
            }
            case ApicMessage.NMI -> nonMaskable = Math.min(nonMaskable + 1, MOST_NMIS);
            case ApicMessage.INIT -> {
                init = true;
                startup = NONE;
                waitsForStartup = number != 0;
            }
            case ApicMessage.STARTUP -> startup = waitsForStartup ? message.vector() : startup;
            default -> {
                return false;
            }
        }
        update();
        return true;
    }

    /** An interrupt of a vector; returns whether it is accepted. */
    boolean request(int vector, boolean level) {
        if (!enabled()) {
            return false;
        }
        if (vector < FIRST_VECTOR) {
            registers.error(ApicRegisters.ERROR_RECEIVED_VECTOR);
            return false;
        }
        requests.add(vector);
        levels.put(vector, level);
        update();
        return true;
    }

    void nonMaskable() {
        nonMaskable = Math.min(nonMaskable + 1, MOST_NMIS);
        update();
    }

    /** The end of the interrupt of the highest priority (11.8.5). */
    void endOfInterrupt() {
        int vector = inService.highest();
        if (vector < 0) {
            return;
        }
        inService.remove(vector);
        if (levels.has(vector)) {
            chips.endOfInterrupt(vector);
        }
    }

    /** The processor priority (11.8.3.1). */
    int processorPriority() {
        int served = Math.max(0, inService.highest());
        int task = registers.taskPriority();
        return task >> 4 >= served >> 4 ? task : served & 0xf0;
    }

    private int deliverable() {
        int vector = requests.highest();
        return vector >= 0 && vector >> 4 > processorPriority() >> 4 ? vector : NONE;
    }

    /** Whether the 8259s' INTR reaches the processor: through LINT0, or past a disabled APIC (11.4.3). */
    boolean takesPic() {
        return number == 0 && ((base & BASE_ENABLED) == 0 || registers.lint0IsExtInt());
    }

    /** Brings {@link #attention} up to date. */
    void update() {
        boolean now = nonMaskable > 0 || init || startup >= 0 || deliverable() >= 0 || chips.picAsks(this);
        if (now != attention) {
            attention = now;
            if (now) {
                processor.attend();
            }
        }
    }
}
