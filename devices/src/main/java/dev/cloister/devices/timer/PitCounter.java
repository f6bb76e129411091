package dev.cloister.devices.timer;

/**
 * One counter of an 8254 (Intel 8254 data sheet, order number 231164). It does not count: what it would show follows from when it was
 * loaded. Modes 1 and 5 begin with the gate's rise, the others with the count. Not thread-safe: the timer's lock guards it.
 */
final class PitCounter {
    /** Counts a second: the PC's 14.31818 MHz by twelve. */
    static final long FREQUENCY = 1_193_182;

    private static final long SECOND = 1_000_000_000L;
    private static final int FULL = 0x1_0000;
    private static final int FULL_BCD = 10_000;
    private static final int HIGH = 2;
    private static final int BOTH = 3;
    private static final int OUT = 0x80;
    private static final int NULL_COUNT = 0x40;

    private int access = BOTH;
    private int mode;
    private boolean bcd;
    /** The count register as loaded; 0 means the full count. */
    private int loaded;
    /** Whether a count was loaded since the mode was set. */
    private boolean armed;

    private long startedAt;
    private boolean started;
    private boolean gate = true;
    /** What the counter stood at when its gate fell. */
    private long heldTicks = -1;

    private int firstByte;
    private boolean secondWrite;
    private boolean secondRead;
    private int latched;
    private int latchedBytes;
    private int status;
    private boolean statusLatched;

    int mode() {
        return mode;
    }

    /** A control word for this counter, without its number. */
    void control(int word, long now) {
        int newAccess = word >> 4 & BOTH;
        if (newAccess == 0) {
            latchCount(now);
            return;
        }
        access = newAccess;
        // Bit 2 of the mode does not matter for modes 2 and 3.
        mode = (word >> 1 & 7) > 5 ? word >> 1 & 3 : word >> 1 & 7;
        bcd = (word & 1) != 0;
        armed = false;
        started = false;
        heldTicks = -1;
        secondWrite = false;
        secondRead = false;
        latchedBytes = 0;
        statusLatched = false;
    }

    void latchCount(long now) {
        if (latchedBytes == 0) {
            latched = count(now);
            latchedBytes = access == BOTH ? 2 : 1;
            secondRead = false;
        }
    }

    void latchStatus(long now) {
        if (!statusLatched) {
            status = (output(now) ? OUT : 0) | (armed ? 0 : NULL_COUNT) | access << 4 | mode << 1 | (bcd ? 1 : 0);
            statusLatched = true;
        }
    }

    int read(long now) {
        if (statusLatched) {
            statusLatched = false;
            return status;
        }
        int value = latchedBytes > 0 ? latched : count(now);
        boolean high = access == HIGH || access == BOTH && secondRead;
        secondRead = access == BOTH && !secondRead;
        latchedBytes = Math.max(0, latchedBytes - 1);
        return (high ? value >> 8 : value) & 0xff;
    }

    /** A byte of a new count; returns whether the count is now loaded. */
    boolean write(int value, long now) {
        if (access == BOTH && !secondWrite) {
            firstByte = value;
            secondWrite = true;
            if (mode == 0) {
                started = false;
            }
            return false;
        }
        secondWrite = false;
        load(access == BOTH ? value << 8 | firstByte : access == HIGH ? value << 8 : value, now);
        return true;
    }

    private void load(int value, long now) {
        loaded = value;
        boolean wasArmed = armed;
        armed = true;
        // A periodic counter that runs takes the new count at its period's end; that it takes it at once shifts the
        // phase alone.
        if (mode == 1 || mode == 5) {
            started &= wasArmed;
        } else {
            begin(now);
        }
    }

    private void begin(long now) {
        started = true;
        startedAt = now;
        heldTicks = gate ? -1 : 0;
    }

    /** Drives the gate. */
    void setGate(boolean high, long now) {
        if (high == gate) {
            return;
        }
        gate = high;
        if (high) {
            rise(now);
        } else if (started && mode != 1 && mode != 5) {
            heldTicks = ticks(now);
        }
    }

    /** The gate's rise: modes 0 and 4 go on, the others begin anew. */
    private void rise(long now) {
        if (!armed) {
            return;
        }
        if (mode != 0 && mode != 4) {
            begin(now);
        } else if (heldTicks >= 0) {
            startedAt = now - nanos(heldTicks);
            heldTicks = -1;
        }
    }

    boolean gate() {
        return gate;
    }

    private long full() {
        return bcd ? binary(loaded) == 0 ? FULL_BCD : binary(loaded) : loaded == 0 ? FULL : loaded;
    }

    private static int binary(int digits) {
        return (digits & 0xf) + (digits >> 4 & 0xf) * 10 + (digits >> 8 & 0xf) * 100 + (digits >> 12 & 0xf) * 1000;
    }

    private static int decimal(int value) {
        return value % 10 | value / 10 % 10 << 4 | value / 100 % 10 << 8 | value / 1000 % 10 << 12;
    }

    /** Counts since the start. */
    private long ticks(long now) {
        if (heldTicks >= 0) {
            return heldTicks;
        }
        long passed = Math.max(0, now - startedAt);
        return passed / SECOND * FREQUENCY + passed % SECOND * FREQUENCY / SECOND;
    }

    private static long nanos(long ticks) {
        return ticks / FREQUENCY * SECOND + (ticks % FREQUENCY * SECOND + FREQUENCY - 1) / FREQUENCY;
    }

    private int count(long now) {
        if (!started) {
            return loaded;
        }
        long full = full();
        long passed = ticks(now);
        long left = switch (mode) {
            case 2 -> full - passed % full;
            // By twos, twice in each period.
            case 3 -> (full - passed * 2 % full) & ~1L;
            default -> full - passed;
        };
        return bcd ? decimal((int) Math.floorMod(left, (long) FULL_BCD)) : (int) left & 0xffff;
    }

    /** OUT. */
    boolean output(long now) {
        if (!started) {
            return mode != 0;
        }
        long full = full();
        long passed = ticks(now);
        return switch (mode) {
            case 0, 1 -> passed >= full;
            case 2 -> passed % full != full - 1;
            case 3 -> passed % full < (full + 1) / 2;
            default -> passed != full;
        };
    }

    /** When OUT next rises: guest time, or {@link Alarm#NEVER}. */
    long nextRise(long now) {
        if (!started || heldTicks >= 0) {
            return Alarm.NEVER;
        }
        long full = full();
        long passed = ticks(now);
        return switch (mode) {
            case 2, 3 -> startedAt + nanos((passed / full + 1) * full);
            case 0, 1 -> passed < full ? startedAt + nanos(full) : Alarm.NEVER;
            default -> passed <= full ? startedAt + nanos(full + 1) : Alarm.NEVER;
        };
    }
}
