package dev.cloister.devices;

import java.time.Clock;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;

/**
 * The clock of an MC146818 in CMOS registers 0x00 to 0x0D, and the century in 0x32. It keeps the guest's time as a difference from the
 * host's clock; while SET is 1 or the divider is held in reset, the guest's time stands still. Its owner locks.
 *
 * <p>The flags of register C follow from the time that has passed since they were last read, so no timer runs.
 */
final class RealTimeClock {
    private static final int SECONDS = 0x00;
    private static final int SECONDS_ALARM = 0x01;
    private static final int MINUTES = 0x02;
    private static final int MINUTES_ALARM = 0x03;
    private static final int HOURS = 0x04;
    private static final int HOURS_ALARM = 0x05;
    private static final int WEEKDAY = 0x06;
    private static final int DAY = 0x07;
    private static final int MONTH = 0x08;
    private static final int YEAR = 0x09;
    private static final int STATUS_A = 0x0A;
    private static final int STATUS_B = 0x0B;
    private static final int STATUS_C = 0x0C;
    private static final int STATUS_D = 0x0D;
    private static final int CENTURY = 0x32;

    private static final int A_UPDATE_IN_PROGRESS = 0x80;
    private static final int A_DIVIDER = 0x70;
    private static final int A_DIVIDER_32768_HZ = 0x20;
    private static final int A_RATE = 0x0F;
    private static final int A_AT_RESET = 0x26;
    private static final int B_SET = 0x80;
    private static final int B_UPDATE_ENABLED = 0x10;
    private static final int B_BINARY = 0x04;
    private static final int B_24_HOURS = 0x02;
    private static final int C_REQUEST = 0x80;
    private static final int C_PERIODIC = 0x40;
    private static final int C_ALARM = 0x20;
    private static final int C_UPDATE = 0x10;
    private static final int D_VALID = 0x80;
    private static final int HOURS_PM = 0x80;
    private static final int ALARM_ANY = 0xC0;

    private static final long SECOND_NANOS = 1_000_000_000L;
    /** UIP rises 244 us before the update, which takes 1984 us (data sheet, table 6 and figure 15). */
    private static final long UPDATE_NANOS = 244_000L + 1_984_000L;

    private static final int SECONDS_PER_DAY = 86_400;
    private static final int OSCILLATOR_HZ = 32_768;

    private final Clock host;
    private final byte[] registers;
    /** Guest time minus host time, in nanoseconds, while the clock runs. */
    private long shift;
    /** Guest time in nanoseconds since 1970 while it stands still. */
    private long frozen;

    private boolean running = true;
    private long flagsReadAt;

    RealTimeClock(Clock host, byte[] registers) {
        this.host = host;
        this.registers = registers;
        registers[STATUS_A] = A_AT_RESET;
        registers[STATUS_B] = B_24_HOURS;
        showTime();
        flagsReadAt = now();
    }

    static boolean owns(int index) {
        return index <= STATUS_D || index == CENTURY;
    }

    int read(int index) {
        return switch (index) {
            case STATUS_A -> registers[STATUS_A] & 0xFF | (isUpdating() ? A_UPDATE_IN_PROGRESS : 0);
            case STATUS_C -> takeFlags();
            case STATUS_D -> D_VALID;
            case SECONDS_ALARM, MINUTES_ALARM, HOURS_ALARM, STATUS_B -> registers[index] & 0xFF;
            default -> {
                showTime();
                yield registers[index] & 0xFF;
            }
        };
    }

    void write(int index, int value) {
        switch (index) {
            case STATUS_A -> writeMode(STATUS_A, value & ~A_UPDATE_IN_PROGRESS);
            case STATUS_B -> writeMode(STATUS_B, (value & B_SET) != 0 ? value & ~B_UPDATE_ENABLED : value);
            case SECONDS_ALARM, MINUTES_ALARM, HOURS_ALARM -> registers[index] = (byte) value;
            case STATUS_C, STATUS_D -> {
                // Read-only.
            }
            default -> writeTime(index, value);
        }
    }

    private long hostNanos() {
        Instant instant = host.instant();
        return instant.getEpochSecond() * SECOND_NANOS + instant.getNano();
    }

    private long now() {
        return running ? hostNanos() + shift : frozen;
    }

    private boolean is(int register, int bit) {
        return (registers[register] & bit) != 0;
    }

    private boolean isUpdating() {
        return running && Math.floorMod(now(), SECOND_NANOS) >= SECOND_NANOS - UPDATE_NANOS;
    }

    private void writeMode(int register, int value) {
        showTime();
        registers[register] = (byte) value;
        boolean runs = !is(STATUS_B, B_SET) && (registers[STATUS_A] & A_DIVIDER) == A_DIVIDER_32768_HZ;
        if (running && !runs) {
            frozen = now();
        } else if (!running && runs) {
            takeTime();
            shift = frozen - hostNanos();
            flagsReadAt = frozen;
        }
        running = runs;
    }

    /** A register of the time changes; while the clock runs, the rest of the time stays. */
    private void writeTime(int index, int value) {
        if (running) {
            showTime();
            registers[index] = (byte) value;
            frozen = now();
            takeTime();
            shift = frozen - hostNanos();
        } else {
            registers[index] = (byte) value;
        }
    }

    private int encode(int value) {
        return is(STATUS_B, B_BINARY) ? value : value / 10 << 4 | value % 10;
    }

    private int decode(int value) {
        return is(STATUS_B, B_BINARY) ? value : (value >>> 4) * 10 + (value & 0x0F);
    }

    private int encodeHours(int hours) {
        if (is(STATUS_B, B_24_HOURS)) {
            return encode(hours);
        }
        int twelve = hours % 12 == 0 ? 12 : hours % 12;
        return encode(twelve) | (hours >= 12 ? HOURS_PM : 0);
    }

    private int decodeHours(int value) {
        if (is(STATUS_B, B_24_HOURS)) {
            return decode(value);
        }
        return decode(value & ~HOURS_PM) % 12 + ((value & HOURS_PM) != 0 ? 12 : 0);
    }

    /** Puts the running time into the registers; what stands still is there already. */
    private void showTime() {
        if (!running) {
            return;
        }
        LocalDateTime time = LocalDateTime.ofEpochSecond(Math.floorDiv(now(), SECOND_NANOS), 0, ZoneOffset.UTC);
        registers[SECONDS] = (byte) encode(time.getSecond());
        registers[MINUTES] = (byte) encode(time.getMinute());
        registers[HOURS] = (byte) encodeHours(time.getHour());
        // Sunday is 1.
        registers[WEEKDAY] = (byte) encode(time.getDayOfWeek().getValue() % 7 + 1);
        registers[DAY] = (byte) encode(time.getDayOfMonth());
        registers[MONTH] = (byte) encode(time.getMonthValue());
        registers[YEAR] = (byte) encode(Math.floorMod(time.getYear(), 100));
        // BCD whatever register B says, as BIOSes keep it.
        int century = Math.floorMod(Math.floorDiv(time.getYear(), 100), 100);
        registers[CENTURY] = (byte) (century / 10 << 4 | century % 10);
    }

    /** Takes the registers for the time; a date that does not exist leaves the time as it was. */
    private void takeTime() {
        try {
            int century = registers[CENTURY] & 0xFF;
            int year = ((century >>> 4) * 10 + (century & 0x0F)) * 100 + decode(registers[YEAR] & 0xFF);
            LocalDateTime time = LocalDateTime.of(
                    Math.min(year, 2200),
                    decode(registers[MONTH] & 0xFF),
                    decode(registers[DAY] & 0xFF),
                    decodeHours(registers[HOURS] & 0xFF),
                    decode(registers[MINUTES] & 0xFF),
                    decode(registers[SECONDS] & 0xFF));
            long fraction = Math.floorMod(frozen, SECOND_NANOS);
            frozen = time.toEpochSecond(ZoneOffset.UTC) * SECOND_NANOS + fraction;
        } catch (DateTimeException _) {
            // The guest's mistake, or it is half-way through its registers without SET: nothing to take yet.
        }
    }

    private int takeFlags() {
        long from = flagsReadAt;
        long to = now();
        flagsReadAt = to;
        int flags = 0;
        if (running && to > from) {
            flags |= Math.floorDiv(to, SECOND_NANOS) > Math.floorDiv(from, SECOND_NANOS) ? C_UPDATE : 0;
            flags |= hasPeriodPassed(from, to) ? C_PERIODIC : 0;
            flags |= hasAlarmPassed(from, to) ? C_ALARM : 0;
        }
        boolean requested = (flags & registers[STATUS_B] & (C_PERIODIC | C_ALARM | C_UPDATE)) != 0;
        return flags | (requested ? C_REQUEST : 0);
    }

    /** Rates 1 and 2 are those of 8 and 9 at this oscillator (data sheet, table 5). */
    private boolean hasPeriodPassed(long from, long to) {
        int rate = registers[STATUS_A] & A_RATE;
        if (rate == 0) {
            return false;
        }
        int shiftBy = rate < 3 ? rate + 6 : rate - 1;
        long period = (SECOND_NANOS << shiftBy) / OSCILLATOR_HZ;
        return Math.floorDiv(to, period) > Math.floorDiv(from, period);
    }

    private boolean hasAlarmPassed(long from, long to) {
        long first = Math.floorDiv(from, SECOND_NANOS) + 1;
        long last = Math.min(Math.floorDiv(to, SECOND_NANOS), first + SECONDS_PER_DAY - 1);
        for (long second = first; second <= last; second++) {
            int ofDay = (int) Math.floorMod(second, (long) SECONDS_PER_DAY);
            if (matches(SECONDS_ALARM, encode(ofDay % 60))
                    && matches(MINUTES_ALARM, encode(ofDay / 60 % 60))
                    && matches(HOURS_ALARM, encodeHours(ofDay / 3600))) {
                return true;
            }
        }
        return false;
    }

    /** An alarm register with its two high bits set matches everything (data sheet, "Alarm"). */
    private boolean matches(int alarm, int value) {
        int wanted = registers[alarm] & 0xFF;
        return (wanted & ALARM_ANY) == ALARM_ANY || wanted == value;
    }
}
