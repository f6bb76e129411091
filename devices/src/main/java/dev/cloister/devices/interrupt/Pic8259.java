package dev.cloister.devices.interrupt;

/**
 * One 8259A programmable interrupt controller (Intel 8259A data sheet, order number 231468). Edge or level is chosen for each pin by the
 * ELCR of a PCI chip set (Intel ICH9 data sheet, 13.4.10). The edge latch keeps a request whose line falls again. Not thread-safe: the
 * chips' lock guards it.
 */
final class Pic8259 {
    private static final int PINS = 8;
    private static final int SPURIOUS = 7;
    private static final int ICW1 = 0x10;
    private static final int ICW1_ICW4 = 0x01;
    private static final int ICW1_SINGLE = 0x02;
    private static final int OCW3 = 0x08;
    private static final int ICW4_AUTO_EOI = 0x02;
    private static final int ICW4_SPECIAL_NESTED = 0x10;
    private static final int POLL_FOUND = 0x80;

    private final int elcrMask;
    /** The pin that the second chip is on, as a bit; 0 on the second chip itself. */
    private final int cascade;

    private int lines;
    private int requests;
    private int mask;
    private int inService;
    private int elcr;
    private int vectorBase;
    /** The pin of the highest priority. */
    private int first;
    /** The initialisation word that the next write to the second port is: 2, 3, 4, or 0 for a mask. */
    private int awaited;

    private boolean single;
    private boolean wantsIcw4;
    private boolean autoEoi;
    private boolean rotateOnAutoEoi;
    private boolean specialMask;
    private boolean specialNested;
    private boolean readInService;
    private boolean poll;

    Pic8259(int elcrMask, int cascade) {
        this.elcrMask = elcrMask;
        this.cascade = cascade;
    }

    void setLine(int pin, boolean high) {
        int bit = 1 << pin;
        if (!high) {
            lines &= ~bit;
            if ((elcr & bit) != 0) {
                requests &= ~bit;
            }
            return;
        }
        if ((elcr & bit) != 0 || (lines & bit) == 0) {
            requests |= bit;
        }
        lines |= bit;
    }

    /** Drives a pin whose request lasts exactly as long as its line is high. */
    void follow(int pin, boolean high) {
        requests = high ? requests | 1 << pin : requests & ~(1 << pin);
    }

    /** How far a bit of a set is from the highest priority, 8 for the empty set. */
    private int rank(int set) {
        int rotated = (set >> first | set << PINS - first) & 0xff;
        return rotated == 0 ? PINS : Integer.numberOfTrailingZeros(rotated);
    }

    /** The pin that asks for service now, or -1 (data sheet, "Interrupt sequence" and "Priority resolver"). */
    int pending() {
        int rank = rank(requests & ~mask);
        int blocking = inService;
        if (specialMask) {
            blocking &= ~mask;
        }
        if (specialNested) {
            blocking &= ~cascade;
        }
        return rank < PINS && rank < rank(blocking) ? rank + first & SPURIOUS : -1;
    }

    /** The processor takes the request of a pin. */
    private void take(int pin) {
        int bit = 1 << pin;
        if (!autoEoi) {
            inService |= bit;
        } else if (rotateOnAutoEoi) {
            first = pin + 1 & SPURIOUS;
        }
        if ((elcr & bit) == 0) {
            requests &= ~bit;
        }
    }

    /** Acknowledges; returns the pin, 7 where the request has gone (data sheet, "spurious"). */
    int acknowledge() {
        int pin = pending();
        if (pin < 0) {
            return SPURIOUS;
        }
        take(pin);
        return pin;
    }

    int vector(int pin) {
        return vectorBase | pin;
    }

    int read(int port) {
        if (poll) {
            poll = false;
            int pin = pending();
            if (pin < 0) {
                return 0;
            }
            take(pin);
            return POLL_FOUND | pin;
        }
        if (port == 1) {
            return mask;
        }
        return readInService ? inService : requests;
    }

    void write(int port, int value) {
        if (port == 1) {
            writeSecond(value);
        } else if ((value & ICW1) != 0) {
            initialise(value);
        } else if ((value & OCW3) != 0) {
            mode(value);
        } else {
            endOfInterrupt(value >> 5, value & SPURIOUS);
        }
    }

    private void initialise(int value) {
        requests &= elcr & lines;
        inService = 0;
        mask = 0;
        first = 0;
        autoEoi = false;
        rotateOnAutoEoi = false;
        specialMask = false;
        specialNested = false;
        readInService = false;
        poll = false;
        wantsIcw4 = (value & ICW1_ICW4) != 0;
        single = (value & ICW1_SINGLE) != 0;
        awaited = 2;
    }

    private void writeSecond(int value) {
        switch (awaited) {
            case 2 -> {
                vectorBase = value & ~SPURIOUS;
                awaited = single ? fourth() : 3;
            }
            case 3 -> awaited = fourth();
            case 4 -> {
                autoEoi = (value & ICW4_AUTO_EOI) != 0;
                specialNested = (value & ICW4_SPECIAL_NESTED) != 0;
                awaited = 0;
            }
            default -> mask = value;
        }
    }

    private int fourth() {
        return wantsIcw4 ? 4 : 0;
    }

    /** OCW3: what reads give, poll, special mask. */
    private void mode(int value) {
        poll = (value & 4) != 0;
        if ((value & 2) != 0) {
            readInService = (value & 1) != 0;
        }
        if ((value & 0x40) != 0) {
            specialMask = (value & 0x20) != 0;
        }
    }

    /** OCW2. */
    private void endOfInterrupt(int command, int level) {
        switch (command) {
            case 0, 4 -> rotateOnAutoEoi = command == 4;
            case 1, 5 -> {
                int rank = rank(inService);
                if (rank < PINS) {
                    int pin = rank + first & SPURIOUS;
                    inService &= ~(1 << pin);
                    first = command == 5 ? pin + 1 & SPURIOUS : first;
                }
            }
            case 3 -> inService &= ~(1 << level);
            case 6 -> first = level + 1 & SPURIOUS;
            case 7 -> {
                inService &= ~(1 << level);
                first = level + 1 & SPURIOUS;
            }
            default -> {
                // 2: no operation.
            }
        }
    }

    int elcr() {
        return elcr;
    }

    void setElcr(int value) {
        elcr = value & elcrMask;
    }
}
