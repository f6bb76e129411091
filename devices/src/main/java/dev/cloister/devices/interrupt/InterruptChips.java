package dev.cloister.devices.interrupt;

import dev.cloister.devices.InterruptLine;
import dev.cloister.devices.MmioBus;
import dev.cloister.devices.PortBus;
import dev.cloister.devices.PortDevice;
import dev.cloister.devices.timer.Alarms;
import java.util.List;

/**
 * All interrupt chips of one machine and the wires between them. Global system interrupts 0 to 15 go to the 8259s and to the I/O APIC,
 * there the timer's to pin 2 (as ACPI's interrupt source override for it says); 16 to 23 to the I/O APIC alone. Any thread.
 */
public final class InterruptChips {
    /** How many global system interrupts there are. */
    public static final int LINES = IoApic.PINS;

    private static final int TIMER_PIN = 2;

    private final Object lock = new Object();
    private final PicPair pics = new PicPair();
    private final LocalApic[] apics;
    private final ApicBus bus;
    private final IoApic ioApic;
    private boolean picOutput;

    /**
     * The chips of a machine.
     *
     * @param processors one for each local APIC, by APIC id
     * @param alarms for the local APICs' timers
     */
    public InterruptChips(List<? extends Processor> processors, Alarms alarms) {
        apics = new LocalApic[processors.size()];
        bus = new ApicBus(apics);
        ioApic = new IoApic(lock, bus);
        for (int i = 0; i < apics.length; i++) {
            apics[i] = new LocalApic(i, this, processors.get(i), alarms);
        }
    }

    /**
     * Puts the 8259s and the I/O APIC where a PC has them.
     *
     * @param ports the port bus
     * @param mmio the bus of memory-mapped devices
     */
    public void attachTo(PortBus ports, MmioBus mmio) {
        ports.attach(PicPair.FIRST_PORT, 2, new PicPorts(false), "8259 first");
        ports.attach(PicPair.SECOND_PORT, 2, new PicPorts(true), "8259 second");
        ports.attach(PicPair.ELCR_PORT, 2, new ElcrPorts(), "8259 edge/level control");
        mmio.attach(IoApic.BASE, IoApic.BYTES, ioApic, "I/O APIC");
    }

    /**
     * A processor's local APIC.
     *
     * @param processor its number
     * @return the APIC
     */
    public LocalApic apic(int processor) {
        return apics[processor];
    }

    /**
     * The line of a global system interrupt.
     *
     * @param gsi 0 to {@link #LINES} - 1
     * @return the line; to be driven by one device
     */
    public InterruptLine line(int gsi) {
        if (gsi < 0 || gsi >= LINES) {
            throw new IllegalArgumentException("GSI " + gsi + "; expected 0 to " + (LINES - 1));
        }
        return high -> setLine(gsi, high);
    }

    private void setLine(int gsi, boolean high) {
        synchronized (lock) {
            if (gsi < PicPair.PINS) {
                pics.setLine(gsi, high);
                picChanged();
            }
            if (gsi != TIMER_PIN) {
                ioApic.setLine(gsi == 0 ? TIMER_PIN : gsi, high);
            }
        }
    }

    /**
     * Delivers a message-signalled interrupt (Intel SDM vol. 3, 11.11).
     *
     * @param address where a device writes it: destination and how it is meant
     * @param data what it writes: vector and delivery mode
     */
    public void message(long address, int data) {
        synchronized (lock) {
            bus.deliver(ApicMessage.ofMsi(address, data));
        }
    }

    Object lock() {
        return lock;
    }

    ApicBus bus() {
        return bus;
    }

    // From here on: with the lock held.

    private void picChanged() {
        boolean now = pics.output();
        if (now != picOutput) {
            picOutput = now;
            LocalApic first = apics[0];
            if (now && !first.takesPic()) {
                first.registers.deliverLocal(ApicRegisters.LVT_LINT0);
            }
            first.update();
        }
    }

    /** Whether the 8259s ask for this processor; false also while the chips are being made. */
    boolean picAsks(LocalApic apic) {
        return picOutput && apic.takesPic();
    }

    /** The vector of the 8259s for this processor, or -1. */
    int acknowledgePic(LocalApic apic) {
        if (!picAsks(apic)) {
            return -1;
        }
        int vector = pics.acknowledge();
        picChanged();
        return vector;
    }

    void endOfInterrupt(int vector) {
        ioApic.endOfInterrupt(vector);
    }

    private abstract class BytePorts implements PortDevice {
        abstract int readByte(int port);

        abstract void writeByte(int port, int value);

        @Override
        public long read(int offset, int size) {
            synchronized (lock) {
                long value = 0;
                for (int i = 0; i < size; i++) {
                    value |= (readByte(offset + i) & 0xffL) << Byte.SIZE * i;
                }
                picChanged();
                return value;
            }
        }

        @Override
        public void write(int offset, int size, long value) {
            synchronized (lock) {
                for (int i = 0; i < size; i++) {
                    writeByte(offset + i, (int) (value >>> Byte.SIZE * i) & 0xff);
                }
                picChanged();
            }
        }
    }

    private final class PicPorts extends BytePorts {
        private final boolean second;

        PicPorts(boolean second) {
            this.second = second;
        }

        @Override
        int readByte(int port) {
            return pics.read(second, port);
        }

        @Override
        void writeByte(int port, int value) {
            pics.write(second, port, value);
        }
    }

    private final class ElcrPorts extends BytePorts {
        @Override
        int readByte(int port) {
            return pics.elcr(port);
        }

        @Override
        void writeByte(int port, int value) {
            pics.setElcr(port, value);
        }
    }
}
