package dev.cloister.devices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cloister.devices.timer.HandTimers;
import dev.cloister.devices.timer.Reminder;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CmosTest {
    private static final long GIB = 1L << 30;

    private static final class HandClock extends Clock {
        Instant now;

        HandClock(String now) {
            this.now = Instant.parse(now);
        }

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException("not needed");
        }
    }

    private final HandClock clock = new HandClock("2026-11-20T21:29:58Z");
    private final HandTimers timers = new HandTimers(nanos -> clock.now = clock.now.plusNanos(nanos));
    private final List<Boolean> levels = new ArrayList<>();
    private final Cmos cmos = new Cmos(new Cmos.Machine(3 * GIB, 5 * GIB, 4), clock, levels::add, timers);

    private int get(int register) {
        cmos.writeByte(0, register);
        return cmos.readByte(1);
    }

    private void set(int register, int value) {
        cmos.write(0, 2, register | value << 8);
    }

    private void pass(long millis) {
        timers.pass(millis * 1_000_000);
    }

    @Test
    void theTimeIsBcdIn24HoursAtReset() {
        int[] expected = {0x58, 0x29, 0x21, 6, 0x20, 0x11, 0x26, 0x20};
        int[] registers = {0, 2, 4, 6, 7, 8, 9, 0x32};
        for (int i = 0; i < registers.length; i++) {
            assertThat(get(registers[i])).as("register %#x", registers[i]).isEqualTo(expected[i]);
        }
        pass(3000);
        assertThat(get(0)).isEqualTo(0x01);
        assertThat(get(2)).isEqualTo(0x30);
        assertThat(get(0x0A)).isEqualTo(0x26);
        assertThat(get(0x0B)).isEqualTo(0x02);
        assertThat(get(0x0D)).isEqualTo(0x80);
    }

    @ParameterizedTest
    @CsvSource({
        "00, 0x12, 12",
        "01, 0x01, 1",
        "11, 0x11, 11",
        "12, 0x92, 140",
        "13, 0x81, 129",
        "23, 0x91, 139",
    })
    void twelveHourModeMarksAfternoons(String hour, String bcd, int binary) {
        clock.now = Instant.parse("2026-01-04T" + hour + ":00:00Z");
        set(0x0B, 0x00);
        assertThat(get(4)).isEqualTo(Integer.decode(bcd));
        assertThat(get(6)).isEqualTo(1);
        set(0x0B, 0x04);
        assertThat(get(4)).isEqualTo(binary);
    }

    @Test
    void updateInProgressRisesBeforeTheSecondTurns() {
        clock.now = Instant.parse("2026-01-01T00:00:00Z").plusNanos(997_700_000);
        assertThat(get(0x0A) & 0x80).isZero();
        clock.now = Instant.parse("2026-01-01T00:00:00Z").plusNanos(997_800_000);
        assertThat(get(0x0A) & 0x80).isEqualTo(0x80);
        set(0x0B, 0x82);
        assertThat(get(0x0A) & 0x80).isZero();
        set(0x0B, 0x02);
        clock.now = Instant.parse("2026-01-01T00:00:01Z");
        assertThat(get(0x0A) & 0x80).isZero();
    }

    @Test
    void theGuestSetsItsOwnTime() {
        set(0x0B, 0x82);
        pass(5000);
        assertThat(get(0)).isEqualTo(0x58);
        int[][] values = {{0, 0x05}, {2, 0x04}, {4, 0x03}, {7, 0x29}, {8, 0x02}, {9, 0x24}, {0x32, 0x20}};
        for (int[] value : values) {
            set(value[0], value[1]);
        }
        set(0x0B, 0x02);
        pass(1000);
        assertThat(get(0)).isEqualTo(0x06);
        assertThat(get(7)).isEqualTo(0x29);
        assertThat(get(6)).isEqualTo(5);
        pass(86_400_000);
        assertThat(get(7)).isEqualTo(0x01);
        assertThat(get(8)).isEqualTo(0x03);
    }

    @Test
    void timeSetWhileRunningTakesEffectAtOnceAndNonsenseDoesNot() {
        set(4, 0x05);
        assertThat(get(4)).isEqualTo(0x05);
        assertThat(get(2)).isEqualTo(0x29);
        set(8, 0x77);
        assertThat(get(8)).isEqualTo(0x11);
        set(0, 0xFF);
        assertThat(get(0)).isEqualTo(0x58);
    }

    @Test
    void flagsTellWhatPassedAndGoAwayWhenRead() {
        set(1, 0x00);
        set(3, 0x30);
        set(5, 0xFF);
        get(0x0C);
        assertThat(get(0x0C)).isZero();
        pass(1000);
        assertThat(get(0x0C)).isEqualTo(0x50);
        set(0x0B, 0x32);
        pass(1000);
        assertThat(get(0x0C)).isEqualTo(0xF0);
        assertThat(get(0x0C)).isZero();
        set(0x0A, 0x20);
        pass(2000);
        assertThat(get(0x0C)).isEqualTo(0x90);
    }

    /** Reads register C as an interrupt handler does. */
    private int served() {
        int flags = get(0x0C);
        assertThat(levels.removeLast()).isFalse();
        return flags;
    }

    private boolean interrupted() {
        boolean high = !levels.isEmpty() && levels.getLast();
        levels.clear();
        if (high) {
            levels.add(true);
        }
        return high;
    }

    @Test
    void theUpdateInterruptComesOnceASecondUntilItIsServed() {
        set(0x0B, 0x12);
        pass(999);
        assertThat(levels).isEmpty();
        pass(1);
        assertThat(levels).containsExactly(true);
        pass(10_000);
        assertThat(levels).as("not served").containsExactly(true);
        assertThat(timers.calls()).as("nobody waits meanwhile").isOne();
        assertThat(served() & 0xB0).isEqualTo(0x90);
        for (int i = 0; i < 5; i++) {
            pass(1000);
            assertThat(interrupted()).as("second %d", i).isTrue();
            assertThat(served() & 0xB0).isEqualTo(0x90);
        }
        set(0x0B, 0x02);
        pass(5000);
        assertThat(levels).as("disabled").containsExactly(true);
        assertThat(timers.calls()).isEqualTo(6);
    }

    @Test
    void thePeriodicInterruptKeepsItsRateAndItsFlagInterruptsAsSoonAsItIsEnabled() {
        set(0x0A, 0x26);
        set(0x0B, 0x42);
        int count = 0;
        // Rate 6 is 1024 Hz.
        for (int micros = 0; micros < 1_000_000; micros += 100) {
            timers.pass(100_000);
            if (interrupted()) {
                count++;
                assertThat(served() & 0xE0).isEqualTo(0xC0);
                levels.clear();
            }
        }
        assertThat(count).isEqualTo(1024);
        set(0x0B, 0x02);
        pass(10);
        assertThat(levels).isEmpty();
        set(0x0B, 0x42);
        assertThat(levels).containsExactly(true);
        set(0x0B, 0x02);
        assertThat(levels).containsExactly(true, false);
    }

    @ParameterizedTest
    @CsvSource({"1, 256", "2, 128", "3, 8192", "4, 4096", "9, 128", "15, 2"})
    void ratesAreTheDataSheets(int rate, int hertz) {
        set(0x0A, 0x20 | rate);
        set(0x0B, 0x42);
        long before = timers.calls();
        for (int i = 0; i < 20_000; i++) {
            timers.pass(50_000);
            get(0x0C);
        }
        assertThat(timers.calls() - before).isEqualTo(hertz);
    }

    @ParameterizedTest
    @CsvSource({
        // 58 s past 21:29, in BCD unless said otherwise.
        "0x02, 0x05, 0x30, 0x21, 7",
        "0x02, 0xC0, 0xFF, 0xE1, 1",
        "0x02, 0x10, 0xC0, 0xC0, 12",
        "0x02, 0x00, 0x00, 0xFF, 1802",
        "0x02, 0x58, 0x29, 0x21, 86400",
        "0x06, 5, 30, 21, 7",
        "0x00, 0x05, 0x30, 0x89, 7",
        "0x00, 0x05, 0x30, 0x09, 43207",
        "0x02, 0x7A, 0x30, 0x21, 0",
        "0x02, 0x05, 0x30, 0x25, 0",
    })
    void theAlarmInterruptsAtItsTime(String mode, String second, String minute, String hour, long after) {
        set(0x0B, Integer.decode(mode));
        set(1, Integer.decode(second));
        set(3, Integer.decode(minute));
        set(5, Integer.decode(hour));
        set(0x0B, Integer.decode(mode) | 0x20);
        if (after == 0) {
            pass(200_000_000);
            assertThat(levels).as("never").isEmpty();
            assertThat(timers.calls()).isZero();
        } else {
            pass(after * 1000 - 1);
            assertThat(levels).isEmpty();
            pass(1);
            assertThat(levels).containsExactly(true);
            assertThat(served() & 0xA0).isEqualTo(0xA0);
        }
    }

    @Test
    void anAlarmFollowsTheHostsClockWhenThatIsSet() {
        set(1, 0x00);
        set(3, 0x00);
        set(5, 0x22);
        set(0x0B, 0x22);
        pass(5000);
        clock.now = Instant.parse("2026-11-20T22:00:30Z");
        pass(1000);
        assertThat(levels).containsExactly(true);
    }

    @Test
    void theClockStandsStillWhileItIsSetAndItsPeriodGoesOn() {
        set(0x0B, 0xF2);
        pass(3000);
        assertThat(levels).containsExactly(true);
        assertThat(get(0x0B)).as("SET clears UIE").isEqualTo(0xE2);
        assertThat(get(0x0C)).isEqualTo(0xC0);
        assertThat(get(0)).isEqualTo(0x58);
    }

    @Test
    void theFirstSecondAfterTheDividerWasHeldIsHalfASecond() {
        pass(300);
        set(0x0B, 0x82);
        set(0x0A, 0x76);
        get(0x0C);
        set(0, 0x10);
        pass(1234);
        set(0x0B, 0x02);
        pass(2000);
        assertThat(get(0)).as("held").isEqualTo(0x10);
        assertThat(get(0x0C)).isZero();
        set(0x0A, 0x26);
        pass(499);
        assertThat(get(0)).isEqualTo(0x10);
        pass(1);
        assertThat(get(0)).isEqualTo(0x11);
        assertThat(get(0x0C) & 0x10).isEqualTo(0x10);
        pass(999);
        assertThat(get(0)).isEqualTo(0x11);
        pass(1);
        assertThat(get(0)).isEqualTo(0x12);
    }

    @Test
    void whateverAGuestWritesItCausesNoFloodOfCalls() {
        long seed = 146_818;
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 20_000; i++) {
            set(random.nextInt(0x0E), random.nextInt(0x100));
            timers.pass(random.nextInt(1_000_000));
            if (random.nextBoolean()) {
                get(random.nextInt(0x0E));
            }
            boolean high = !levels.isEmpty() && levels.getLast();
            int enabled = get(0x0B);
            int flags = get(0x0C);
            assertThat((flags & 0x80) != 0).as("seed %d, step %d", seed, i).isEqualTo((flags & enabled & 0x70) != 0);
            assertThat(high && (flags & 0x80) == 0)
                    .as("seed %d, step %d", seed, i)
                    .isFalse();
        }
        // At most one for a period of the oscillator's fastest tap and one for each change.
        assertThat(timers.calls()).isLessThan(20_000L * 5 * 2);
    }

    @Test
    void memorySizesStandWhereFirmwareLooks() {
        assertThat(get(0x15) | get(0x16) << 8).isEqualTo(640);
        assertThat(get(0x17) | get(0x18) << 8).isEqualTo(0xFFFF);
        assertThat(get(0x30) | get(0x31) << 8).isEqualTo(0xFFFF);
        assertThat((get(0x34) | get(0x35) << 8) * 65536L + (16 << 20)).isEqualTo(3 * GIB);
        assertThat((get(0x5B) | get(0x5C) << 8 | get(0x5D) << 16) * 65536L).isEqualTo(5 * GIB);
        assertThat(get(0x5F)).isEqualTo(3);
        assertThat(get(0x3D)).isEqualTo(0x02);
        int sum = 0;
        for (int i = 0x10; i <= 0x2D; i++) {
            sum += get(i);
        }
        assertThat(get(0x2E) << 8 | get(0x2F)).isEqualTo(sum);
    }

    @ParameterizedTest
    @CsvSource({"0, 0, 0, 0", "524288, 512, 0, 0", "8388608, 640, 7168, 0", "33554432, 640, 31744, 256"})
    void smallMachinesHaveSmallSizes(long bytes, int base, int extended, int units) {
        Cmos small = new Cmos(new Cmos.Machine(bytes, 0, 1), clock, InterruptLine.NONE, Reminder.Source.NONE);
        assertThat(word(small, 0x15)).isEqualTo(base);
        assertThat(word(small, 0x30)).isEqualTo(extended);
        assertThat(word(small, 0x34)).isEqualTo(units);
    }

    private static int word(Cmos cmos, int register) {
        cmos.writeByte(0, register);
        int low = cmos.readByte(1);
        cmos.writeByte(0, register + 1);
        return low | cmos.readByte(1) << 8;
    }

    @Test
    void theIndexIsWriteOnlyAndCarriesTheNmiMask() {
        cmos.writeByte(0, 0x8F);
        assertThat(cmos.isNmiMasked()).isTrue();
        assertThat(cmos.readByte(0)).isEqualTo(0xFF);
        cmos.writeByte(1, 0x0A);
        assertThat(get(0x0F)).isEqualTo(0x0A);
        assertThat(cmos.isNmiMasked()).isFalse();
        set(0x7F, 0x5A);
        assertThat(get(0x7F)).isEqualTo(0x5A);
        set(0x0D, 0);
        assertThat(get(0x0D)).isEqualTo(0x80);
    }

    @Test
    void impossibleMachinesAreRefused() {
        assertThatThrownBy(() -> new Cmos.Machine(-1, 0, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Cmos.Machine(5 * GIB, 0, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Cmos.Machine(0, 0, 257)).isInstanceOf(IllegalArgumentException.class);
    }
}
