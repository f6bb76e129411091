package dev.cloister.vmm.engine.emulated;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.devices.timer.GuestClock;
import dev.cloister.mmu.GuestMemory;
import java.lang.foreign.Arena;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads the structures as a guest does. */
class KvmClockTest implements KvmClock.Counter {
    private static final int WALL = 0x4b56_4d00;
    private static final int TIME = 0x4b56_4d01;
    private static final long GIGA = 1_000_000_000L;

    private final GuestMemory memory = GuestMemory.builder()
            .ram("RAM", 0, Arena.ofAuto().allocate(8192, 4096))
            .build();
    private long host;
    private long hertz = GIGA;
    private long offset;
    private final GuestClock guest = new GuestClock(() -> host);

    @Override
    public long at(long nanos) {
        return (long) ((double) nanos * hertz / GIGA) + offset;
    }

    @Override
    public boolean inStep() {
        return offset == 0;
    }

    private KvmClock clock() {
        Clock wall = Clock.fixed(Instant.ofEpochSecond(1_000_000, 500), ZoneOffset.UTC);
        return new KvmClock(memory, guest, wall, this, hertz);
    }

    /** What msr.rst tells a guest to compute. */
    private long guestTime(long gpa) {
        assertThat(memory.readInt(gpa) & 1).isZero();
        long delta = at(guest.nanos()) - memory.readLong(gpa + 8);
        int shift = memory.readByte(gpa + 28);
        delta = shift >= 0 ? delta << shift : delta >>> -shift;
        long multiplier = Integer.toUnsignedLong(memory.readInt(gpa + 24));
        return memory.readLong(gpa + 16)
                + (Math.unsignedMultiplyHigh(delta, multiplier) << 32)
                + (delta * multiplier >>> 32);
    }

    @Test
    void leavesNameKvmAndItsClock() {
        int[] r = new int[4];
        KvmClock clock = clock();
        assertThat(clock.cpuid(0x4000_0000, r)).isTrue();
        assertThat(r).containsExactly(0x4000_0010, 0x4b4d564b, 0x564b4d56, 0x4d);
        assertThat(clock.cpuid(0x4000_0001, r)).isTrue();
        assertThat(r).containsExactly(0x0100_000b, 0, 0, 0);
        assertThat(clock.cpuid(0x4000_0010, r)).isTrue();
        assertThat(r).containsExactly(1_000_000, 1_000_000, 0, 0);
        assertThat(clock.cpuid(0x4000_0100, r)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(longs = {1_000_000, 999_000_000, 1_000_000_000, 1_001_000_000, 2_500_000_000L, 5_000_000_000L})
    void theGuestComputesItsTimeFromItsCounter(long frequency) {
        hertz = frequency;
        long seed = 11 * frequency;
        SplittableRandom random = new SplittableRandom(seed);
        guest.start();
        KvmClock clock = clock();
        clock.writeMsr(TIME, 0x104 | 1);
        for (int i = 0; i < 1000; i++) {
            host += random.nextLong(10_000_000);
            long tick = GIGA / hertz + 1;
            // The multiplier has 31 bits or more: an error of less than one part in a thousand million.
            assertThat(guestTime(0x104))
                    .as("seed %d step %d at %d", seed, i, host)
                    .isBetween(host - tick - host / GIGA - 1, host + tick + host / GIGA + 1);
        }
        assertThat(memory.readByte(0x104 + 29)).isEqualTo((byte) 1);
        assertThat(clock.readMsr(TIME)).isEqualTo(0x105);
    }

    @Test
    void timeGoesOnWhereTheGuestMovesItsCounterButIsNoLongerCalledStable() {
        guest.start();
        KvmClock clock = clock();
        clock.writeMsr(TIME, 1);
        host = 5 * GIGA;
        offset = -4 * GIGA;
        clock.refresh();
        host = 6 * GIGA;
        assertThat(guestTime(0)).isEqualTo(6 * GIGA);
        assertThat(memory.readByte(29)).isZero();
    }

    @Test
    void aPauseIsNoTime() {
        guest.start();
        KvmClock clock = clock();
        clock.writeMsr(TIME, 1);
        host = GIGA;
        guest.stop();
        host = 100 * GIGA;
        guest.start();
        host = 101 * GIGA;
        assertThat(guestTime(0)).isEqualTo(2 * GIGA);
    }

    @Test
    void theWallClockIsThatOfTheStart() {
        guest.start();
        host = 3 * GIGA;
        clock().writeMsr(WALL, 0x200);
        assertThat(memory.readInt(0x200)).isEqualTo(2);
        assertThat(memory.readInt(0x204)).isEqualTo(999_997);
        assertThat(memory.readInt(0x208)).isEqualTo(500);
    }

    @Test
    void addressesWithoutMemoryAndAClockThatIsOffChangeNothing() {
        KvmClock clock = clock();
        for (long gpa : new long[] {8192 - 28, 1L << 40, 0xffff_ffff_ffff_fffcL, 8192}) {
            clock.writeMsr(TIME, gpa | 1);
            clock.writeMsr(WALL, gpa | (gpa == 8192 - 28 ? 1L << 62 : 0));
        }
        clock.writeMsr(TIME, 0x300);
        for (int at = 0; at < 8192; at += 8) {
            assertThat(memory.readLong(at)).as("at %x", at).isZero();
        }
    }
}
