package dev.cloister.devices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
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
    private final Cmos cmos = new Cmos(new Cmos.Machine(3 * GIB, 5 * GIB, 4), clock);

    private int get(int register) {
        cmos.writeByte(0, register);
        return cmos.readByte(1);
    }

    private void set(int register, int value) {
        cmos.write(0, 2, register | value << 8);
    }

    private void pass(long millis) {
        clock.now = clock.now.plus(Duration.ofMillis(millis));
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
        Cmos small = new Cmos(new Cmos.Machine(bytes, 0, 1), clock);
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
