package dev.cloister.devices.acpi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.devices.InterruptLine;
import dev.cloister.devices.MachineControl;
import dev.cloister.devices.timer.HandTimers;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class PowerManagementTest implements MachineControl {
    private final List<Boolean> levels = new ArrayList<>();
    private long now;
    private final HandTimers timers = new HandTimers(nanos -> now += nanos);
    private final PowerManagement registers = new PowerManagement(this, levels::add, () -> now, timers);
    private int switchedOff;

    @Override
    public void powerOff() {
        switchedOff++;
    }

    @Override
    public void reset() {
        throw new AssertionError("reset");
    }

    @Override
    public void debugExit(int value) {
        throw new AssertionError("debug exit");
    }

    @Test
    void softOffIsSleepTypeZeroWithSleepEnableByWordOrByBytes() {
        registers.write(4, 2, 0x2000);
        assertThat(switchedOff).isEqualTo(1);
        registers.write(4, 1, 0);
        registers.write(5, 1, 0x20);
        assertThat(switchedOff).isEqualTo(2);
        registers.write(4, 2, 0x2000 | 3 << 10);
        registers.write(4, 2, 1);
        assertThat(switchedOff).as("other sleep types do nothing").isEqualTo(2);
    }

    @Test
    void acpiModeIsAlwaysOnAndSleepEnableReadsZero() {
        registers.write(4, 2, 0x3400);
        assertThat(registers.read(4, 2)).isEqualTo(0x1401);
    }

    @Test
    void theCmosClocksInterruptIsAnEventThatWakesWhoHasEnabledIt() {
        List<Boolean> clock = new ArrayList<>();
        InterruptLine line = registers.clockLine(clock::add);
        line.setLevel(true);
        assertThat(clock).containsExactly(true);
        assertThat(registers.read(0, 2)).isEqualTo(0x400);
        assertThat(levels).as("not enabled").isEmpty();
        registers.write(2, 2, 0x400);
        assertThat(levels).containsExactly(true);
        line.setLevel(false);
        assertThat(levels).as("the guest clears it").containsExactly(true);
        registers.write(0, 2, 0x400);
        assertThat(levels).containsExactly(true, false);
        assertThat(clock).containsExactly(true, false);
    }

    @Test
    void theTimerCounts3579545TicksInASecondAndWrapsAt32Bits() {
        now = 1_000_000_000L;
        assertThat(registers.read(8, 4)).isEqualTo(3_579_545);
        now = 500_000_000L;
        assertThat(registers.read(8, 4)).isEqualTo(3_579_545 / 2);
        now = 3_600_000_000_000L;
        assertThat(registers.read(8, 4)).isEqualTo(3600L * 3_579_545 & 0xFFFF_FFFFL);
        assertThat(registers.read(9, 1)).isEqualTo(3600L * 3_579_545 >>> 8 & 0xFF);
    }

    @Test
    void theTimerNeverRunsBackwards() {
        long last = 0;
        for (long i = 0; i < 2_000_000; i += 37) {
            now = 4_000_000_000L * i / 1000;
            long ticks = now / 1_000_000_000L * PowerManagement.TIMER_HERTZ
                    + now % 1_000_000_000L * PowerManagement.TIMER_HERTZ / 1_000_000_000L;
            assertThat(registers.read(8, 4)).isEqualTo(ticks & 0xFFFF_FFFFL);
            assertThat(ticks).isGreaterThanOrEqualTo(last);
            last = ticks;
        }
    }

    @Test
    void theTimersHighestBitSetsItsStatusOnceForEachChange() {
        assertThat(registers.read(0, 2) & 1).isZero();
        now = 601_000_000_000L;
        assertThat(registers.read(0, 2) & 1).isOne();
        registers.write(0, 2, 1);
        assertThat(registers.read(0, 2) & 1).isZero();
        now = 1_201_000_000_000L;
        assertThat(registers.read(0, 2) & 1).isOne();
        assertThat(levels).isEmpty();
    }

    @Test
    void theTimerInterruptsWhoeverEnabledItAtEachChangeOfItsHighestBit() {
        double change = (1L << 31) / (double) PowerManagement.TIMER_HERTZ * 1e9;
        registers.write(2, 2, 1);
        timers.pass((long) change - 1000);
        assertThat(levels).isEmpty();
        timers.pass(2000);
        assertThat(levels).containsExactly(true);
        timers.pass(3 * (long) change);
        assertThat(levels).as("until its status is cleared").containsExactly(true);
        assertThat(timers.calls()).isOne();
        registers.write(0, 2, 1);
        assertThat(levels).containsExactly(true, false);
        timers.pass((long) change);
        assertThat(levels).containsExactly(true, false, true);
        registers.write(2, 2, 0);
        registers.write(0, 2, 1);
        timers.pass(10 * (long) change);
        assertThat(levels).as("disabled").containsExactly(true, false, true, false);
        assertThat(timers.calls()).isEqualTo(2);
    }

    @Test
    void thePowerButtonInterruptsWhoeverEnabledItUntilItsStatusIsCleared() {
        assertThat(registers.pressPowerButton()).as("nobody listens").isFalse();
        assertThat(levels).isEmpty();
        registers.write(2, 2, 0x100);
        assertThat(levels).containsExactly(true);
        registers.write(0, 2, 0x100);
        assertThat(levels).containsExactly(true, false);
        assertThat(registers.pressPowerButton()).isTrue();
        registers.write(2, 2, 0);
        assertThat(levels).containsExactly(true, false, true, false);
    }

    @Test
    void randomAccessesNeitherThrowNorSwitchOffWithoutSleepEnable() {
        long seed = 0x600;
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 100_000; i++) {
            int size = 1 << random.nextInt(3);
            int offset = random.nextInt(PowerManagement.PORTS - size + 1);
            now += random.nextInt(1 << 30);
            long value = registers.read(offset, size);
            assertThat(value >>> 8 * size).as("seed %x step %d", seed, i).isZero();
            registers.write(offset, size, random.nextLong() & ~0x2020_2020L & (1L << 8 * size) - 1);
        }
        assertThat(switchedOff).isZero();
    }
}
