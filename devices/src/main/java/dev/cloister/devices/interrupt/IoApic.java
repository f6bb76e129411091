package dev.cloister.devices.interrupt;

import dev.cloister.devices.MmioDevice;

/**
 * The I/O APIC (Intel 82093AA data sheet, order number 290566), 24 pins. A pin's polarity is kept but does not matter: lines are high
 * when asserted. Edges on a masked pin are lost, as the data sheet has it. Thread-safe by the chips' lock.
 */
final class IoApic implements MmioDevice {
    static final long BASE = 0xFEC0_0000L;
    static final int BYTES = 0x1000;
    static final int PINS = 24;

    private static final int SELECT = 0x00;
    private static final int WINDOW = 0x10;
    private static final int ID = 0;
    private static final int VERSION = 1;
    private static final int ARBITRATION = 2;
    private static final int TABLE = 0x10;
    private static final int VERSION_VALUE = 0x11 | PINS - 1 << 16;
    private static final int ID_MASK = 0x0f00_0000;

    private static final long MASKED = 1L << 16;
    private static final long LEVEL = 1L << 15;
    private static final long REMOTE_IRR = 1L << 14;
    private static final long DELIVERY_STATUS = 1L << 12;
    private static final long READ_ONLY = REMOTE_IRR | DELIVERY_STATUS;
    private static final long WRITABLE_LOW = 0x1_ffffL & ~READ_ONLY;
    private static final long WRITABLE_HIGH = 0xffL << 56;

    private final Object lock;
    private final ApicBus bus;
    private final long[] entries = new long[PINS];
    private int lines;
    private int select;
    private int id;

    IoApic(Object lock, ApicBus bus) {
        this.lock = lock;
        this.bus = bus;
        java.util.Arrays.fill(entries, MASKED);
    }

    /** Drives a pin; with the lock held. */
    void setLine(int pin, boolean high) {
        int bit = 1 << pin;
        boolean rises = high && (lines & bit) == 0;
        lines = high ? lines | bit : lines & ~bit;
        if (high && ((entries[pin] & LEVEL) != 0 || rises)) {
            service(pin);
        }
    }

    private void service(int pin) {
        long entry = entries[pin];
        if ((entry & MASKED) != 0 || (entry & LEVEL) != 0 && (entry & REMOTE_IRR) != 0) {
            return;
        }
        boolean level = (entry & LEVEL) != 0;
        if (bus.deliver(ApicMessage.ofRedirection(entry)) && level) {
            entries[pin] |= REMOTE_IRR;
        }
    }

    /** A local APIC has ended a level-triggered interrupt; with the lock held. */
    void endOfInterrupt(int vector) {
        for (int pin = 0; pin < PINS; pin++) {
            long entry = entries[pin];
            if ((entry & LEVEL) != 0 && (entry & REMOTE_IRR) != 0 && (entry & 0xff) == vector) {
                entries[pin] = entry & ~REMOTE_IRR;
                serviceLevel(pin);
            }
        }
    }

    private void serviceLevel(int pin) {
        if ((entries[pin] & LEVEL) != 0 && (lines & 1 << pin) != 0) {
            service(pin);
        }
    }

    @Override
    public long read(long offset, int size) {
        synchronized (lock) {
            long value = switch ((int) offset & ~3) {
                case SELECT -> select;
                case WINDOW -> register();
                default -> 0;
            };
            return (value & 0xffff_ffffL) >>> Byte.SIZE * ((int) offset & 3);
        }
    }

    private int register() {
        if (select >= TABLE && select < TABLE + 2 * PINS) {
            long entry = entries[select - TABLE >> 1];
            return (int) ((select & 1) == 0 ? entry : entry >>> Integer.SIZE);
        }
        return switch (select) {
            case ID, ARBITRATION -> id;
            case VERSION -> VERSION_VALUE;
            default -> 0;
        };
    }

    /** Registers are written by 32-bit accesses; the select register takes bytes as well (data sheet, 3.1). */
    @Override
    public void write(long offset, int size, long value) {
        synchronized (lock) {
            if (offset == SELECT) {
                select = (int) value & 0xff;
            } else if (offset == WINDOW) {
                writeRegister(value & 0xffff_ffffL);
            }
        }
    }

    private void writeRegister(long value) {
        if (select == ID) {
            id = (int) value & ID_MASK;
        }
        if (select < TABLE || select >= TABLE + 2 * PINS) {
            return;
        }
        int pin = select - TABLE >> 1;
        long entry = entries[pin];
        if ((select & 1) == 0) {
            entry = entry & ~WRITABLE_LOW | value & WRITABLE_LOW;
            // An edge-triggered pin has no remote IRR; what a level left there would block it for ever.
            entry = (entry & LEVEL) == 0 ? entry & ~REMOTE_IRR : entry;
        } else {
            entry = entry & ~WRITABLE_HIGH | value << Integer.SIZE & WRITABLE_HIGH;
        }
        entries[pin] = entry;
        serviceLevel(pin);
    }
}
