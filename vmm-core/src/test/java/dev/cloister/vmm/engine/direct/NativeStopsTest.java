package dev.cloister.vmm.engine.direct;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.kvm.Vcpu;
import dev.cloister.vmm.debug.StopPlan;
import dev.cloister.vmm.debug.StopPoint;
import dev.cloister.vmm.debug.StopPoint.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What KVM_SET_GUEST_DEBUG is given for stop points (Intel SDM vol. 3, 18.2.4). */
class NativeStopsTest {
    private static final int HARDWARE = Vcpu.DEBUG_ENABLE | Vcpu.DEBUG_HARDWARE_BREAKPOINTS;

    @ParameterizedTest
    @CsvSource({
        // kind, length, R/W and LEN of the first register
        "EXECUTE, 1, 0, 0",
        "WRITE, 1, 1, 0",
        "WRITE, 2, 1, 1",
        "WRITE, 4, 1, 3",
        "WRITE, 8, 1, 2",
        "ACCESS, 4, 3, 3",
        "ACCESS, 8, 3, 2",
    })
    void oneStopPointTakesTheFirstRegister(Kind kind, int length, int type, int size) {
        NativeStops stops = new NativeStops();
        stops.prepare(List.of(new StopPoint(kind, 0xffff_8000_0000_1000L, length)), false, false);
        assertThat(stops.control()).isEqualTo(HARDWARE);
        assertThat(stops.registers()[0]).isEqualTo(0xffff_8000_0000_1000L);
        assertThat(stops.registers()[7]).isEqualTo(2L | (long) type << 16 | (long) size << 18);
    }

    @Test
    void eachOfFourHasItsRegisterAndItsFields() {
        Random random = new Random(5);
        Kind[] kinds = {Kind.EXECUTE, Kind.WRITE, Kind.ACCESS};
        for (int round = 0; round < 500; round++) {
            List<StopPoint> points = new ArrayList<>();
            for (int n = random.nextInt(5); n > 0; n--) {
                Kind kind = kinds[random.nextInt(3)];
                int length = kind == Kind.EXECUTE ? 1 : 1 << random.nextInt(4);
                points.add(new StopPoint(kind, random.nextLong() & -8, length));
            }
            boolean stepping = random.nextBoolean();
            NativeStops stops = new NativeStops();
            stops.prepare(points, stepping, false);
            long[] registers = stops.registers();
            assertThat((stops.control() & Vcpu.DEBUG_SINGLE_STEP) != 0).isEqualTo(stepping);
            assertThat((stops.control() & Vcpu.DEBUG_HARDWARE_BREAKPOINTS) != 0).isEqualTo(!points.isEmpty());
            for (int n = 0; n < 4; n++) {
                boolean used = n < points.size();
                assertThat(registers[7] >> 2 * n & 3).as("round %d", round).isEqualTo(used ? 2 : 0);
                assertThat(registers[n]).isEqualTo(used ? points.get(n).address() : 0);
            }
            assertThat(registers[7] >>> 32).isZero();
        }
    }

    @Test
    void theInstructionThatWasStoppedAtIsPassedInOneStepWithoutItsBreakpoint() {
        NativeStops stops = new NativeStops();
        StopPoint watch = new StopPoint(Kind.WRITE, 0x2000, 4);
        stops.prepare(List.of(new StopPoint(Kind.EXECUTE, 0x1000, 1), watch), false, true);
        assertThat(stops.control()).isEqualTo(HARDWARE | NativeStops.STEP);
        assertThat(stops.registers()[0]).isZero();
        assertThat(stops.registers()[1]).isEqualTo(0x2000);
        assertThat(stops.registers()[7]).isEqualTo(2L << 2 | 0xdL << 20);
    }

    @Test
    void whatTheRegistersCannotHoldDoesNotFit() {
        NativeStops stops = new NativeStops();
        assertThat(stops.fit(plan(new StopPoint(Kind.WRITE, 0x1000, 8)))).isTrue();
        assertThat(stops.fit(plan(new StopPoint(Kind.WRITE, 0x1004, 8))))
                .as("misaligned")
                .isFalse();
        assertThat(stops.fit(plan(new StopPoint(Kind.ACCESS, 0x1000, 16))))
                .as("too long")
                .isFalse();
        assertThat(stops.fit(plan(new StopPoint(Kind.READ, 0x1000, 4))))
                .as("reads alone")
                .isFalse();
        assertThat(stops.fit(plan(new StopPoint(Kind.EXECUTE_GPA, 0x1000, 1))))
                .as("guest-physical")
                .isFalse();
        StopPoint[] five = new StopPoint[5];
        for (int n = 0; n < five.length; n++) {
            five[n] = new StopPoint(Kind.EXECUTE, 0x1000 + n, 1);
        }
        assertThat(stops.fit(plan(five))).as("five").isFalse();
    }

    private static StopPlan plan(StopPoint... points) {
        StopPlan plan = StopPlan.EMPTY;
        for (StopPoint point : points) {
            plan = java.util.Objects.requireNonNull(plan.with(point));
        }
        return plan;
    }
}
