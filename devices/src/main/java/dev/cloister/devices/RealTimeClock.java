package dev.cloister.devices;

import dev.cloister.devices.timer.Reminder;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;

/**
 * The clock of an MC146818 in CMOS registers 0x00 to 0x0D, and the century in 0x32. It keeps the guest's time as a difference from the
 * host's clock; while SET is 1 or the divider is held in reset, the guest's time stands still. Seconds turn where the divider has them
 * turn, half a second after it was released for the first time (data sheet, "Divider Control"). Its owner locks.
 *
 * <p>The flags of register C follow from the time that has passed, so no timer runs but while an interrupt is enabled and not yet
 * requested.
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
    private static final int CAUSES = C_PERIODIC | C_ALARM | C_UPDATE;
    private static final int D_VALID = 0x80;
    private static final int HOURS_PM = 0x80;
    private static final int ALARM_ANY = 0xC0;

    private static final long SECOND_NANOS = 1_000_000_000L;
    /** UIP rises 244 us before the update, which takes 1984 us (data sheet, table 6 and figure 15). */
    private static final long UPDATE_NANOS = 244_000L + 1_984_000L;

    private static final int OSCILLATOR_HZ = 32_768;
    private static final long FIRST_SECOND_NANOS = SECOND_NANOS / 2;

    private final Clock host;
    private final byte[] registers;
    private final InterruptLine line;
    private final Reminder reminder;
    /** Guest time minus host time, in nanoseconds, while the clock runs. */
    private long shift;
    /** Guest time in nanoseconds since 1970 while it stands still. */
    private long frozen;

    private boolean running = true;
    /** A host time at which a second turns. */
    private long phase;
    /** Since when the divider counts, host time. */
    private long dividerFrom;
    /** The guest's time up to which flags are in place. */
    private long seenTime;
    /** The host's time up to which the periodic flag is in place. */
    private long seenHost;

    private int flags;
    private boolean requested;

    /** A clock that drives {@code line}; the reminder calls {@link #remind}. */
    RealTimeClock(Clock host, byte[] registers, InterruptLine line, Reminder reminder) {
        this.host = host;
        this.registers = registers;
        this.line = line;
        this.reminder = reminder;
        registers[STATUS_A] = A_AT_RESET;
        registers[STATUS_B] = B_24_HOURS;
        showTime();
        dividerFrom = hostNanos();
        see();
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
        collect();
        writeRegister(index, value);
        drive();
    }

    /** Some time has passed. */
    void remind() {
        collect();
        drive();
    }

    private void writeRegister(int index, int value) {
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

    private boolean dividerRuns() {
        return (registers[STATUS_A] & A_DIVIDER) == A_DIVIDER_32768_HZ;
    }

    private void writeMode(int register, int value) {
        showTime();
        boolean counted = dividerRuns();
        registers[register] = (byte) value;
        if (!counted && dividerRuns()) {
            dividerFrom = hostNanos();
            phase = dividerFrom + FIRST_SECOND_NANOS;
        }
        boolean runs = !is(STATUS_B, B_SET) && dividerRuns();
        if (running && !runs) {
            frozen = now();
        } else if (!running && runs) {
            takeTime();
        }
        running = runs;
        see();
    }

    /** A register of the time changes; while the clock runs, the rest of the time stays. */
    private void writeTime(int index, int value) {
        if (running) {
            showTime();
            registers[index] = (byte) value;
            frozen = now();
            takeTime();
            see();
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

    /** Takes the registers for the time from now on; a date that does not exist leaves the time as it was. */
    private void takeTime() {
        long seconds = Math.floorDiv(frozen, SECOND_NANOS);
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
            seconds = time.toEpochSecond(ZoneOffset.UTC);
        } catch (DateTimeException _) {
            // The guest's mistake, or it is half-way through its registers without SET: nothing to take yet.
        }
        long now = hostNanos();
        shift = seconds * SECOND_NANOS + Math.floorMod(now - phase, SECOND_NANOS) - now;
    }

    /** Flags count from here on. */
    private void see() {
        seenTime = now();
        seenHost = hostNanos();
    }

    /** Sets the flags of what has happened since they were last looked at. */
    private void collect() {
        long fromSecond = Math.floorDiv(seenTime, SECOND_NANOS);
        long fromPeriod = periods(seenHost);
        see();
        long second = Math.floorDiv(seenTime, SECOND_NANOS);
        if (running && second > fromSecond) {
            flags |= C_UPDATE;
            flags |= alarm().next(fromSecond + 1) <= second ? C_ALARM : 0;
        }
        if (hasPeriod() && periods(seenHost) > fromPeriod) {
            flags |= C_PERIODIC;
        }
    }

    /** Drives the line, and has somebody look again when it may have to change. */
    private void drive() {
        boolean wanted = (flags & registers[STATUS_B] & CAUSES) != 0;
        if (wanted != requested) {
            requested = wanted;
            line.setLevel(wanted);
        }
        reminder.in(wanted ? Reminder.NEVER : untilNext());
    }

    /** At most a second where it is about the time of day: the host's clock may be set, and the guest may be paused. */
    private long untilNext() {
        long left = Reminder.NEVER;
        long second = Math.floorDiv(seenTime, SECOND_NANOS);
        boolean update = is(STATUS_B, C_UPDATE);
        if (running && (update || is(STATUS_B, C_ALARM) && alarm().next(second + 1) != AlarmTime.NEVER)) {
            left = (second + 1) * SECOND_NANOS - seenTime;
        }
        if (is(STATUS_B, C_PERIODIC) && hasPeriod()) {
            long ticks = periods(seenHost) + 1 << periodShift();
            long at = ticks / OSCILLATOR_HZ * SECOND_NANOS
                    + Math.ceilDiv(ticks % OSCILLATOR_HZ * SECOND_NANOS, OSCILLATOR_HZ);
            long periodic = dividerFrom + at - seenHost;
            left = left == Reminder.NEVER ? periodic : Math.min(left, periodic);
        }
        return left;
    }

    private int takeFlags() {
        collect();
        int value = flags | ((flags & registers[STATUS_B] & CAUSES) != 0 ? C_REQUEST : 0);
        flags = 0;
        drive();
        return value;
    }

    private boolean hasPeriod() {
        return dividerRuns() && (registers[STATUS_A] & A_RATE) != 0;
    }

    /** A period is so many ticks of the oscillator. Rates 1 and 2 are those of 8 and 9 (data sheet, table 5). */
    private int periodShift() {
        int rate = registers[STATUS_A] & A_RATE;
        return rate < 3 ? rate + 6 : rate - 1;
    }

    /** Whole periods since the divider was released. */
    private long periods(long hostNanos) {
        long nanos = Math.max(0, hostNanos - dividerFrom);
        long ticks = nanos / SECOND_NANOS * OSCILLATOR_HZ + nanos % SECOND_NANOS * OSCILLATOR_HZ / SECOND_NANOS;
        return ticks >>> periodShift();
    }

    private AlarmTime alarm() {
        return AlarmTime.of(
                hour -> matches(HOURS_ALARM, encodeHours(hour)),
                minute -> matches(MINUTES_ALARM, encode(minute)),
                second -> matches(SECONDS_ALARM, encode(second)));
    }

    /** An alarm register with its two high bits set matches everything (data sheet, "Alarm"). */
    private boolean matches(int alarm, int value) {
        int wanted = registers[alarm] & 0xFF;
        return (wanted & ALARM_ANY) == ALARM_ANY || wanted == value;
    }
}
