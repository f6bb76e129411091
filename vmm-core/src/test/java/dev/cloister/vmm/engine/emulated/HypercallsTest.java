package dev.cloister.vmm.engine.emulated;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cloister.devices.interrupt.InterruptChips;
import dev.cloister.devices.timer.Alarms;
import dev.cloister.devices.timer.GuestClock;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What KVM's convention promises of its hypercalls (Linux, Documentation/virt/kvm/x86/hypercalls.rst). */
class HypercallsTest {
    private static final int VECTOR = 0x41;

    private final Alarms alarms = new Alarms(new GuestClock(), "hypercalls");
    private final InterruptChips chips = new InterruptChips(List.of(() -> {}, () -> {}, () -> {}), alarms);
    private final Hypercalls calls = new Hypercalls(chips, 3);

    @AfterEach
    void stop() {
        alarms.close();
    }

    private long send(long low, long high, long first, long command, int bits) {
        for (int n = 0; n < 3; n++) {
            chips.apic(n).write(0xF0, 4, 0x1FF);
        }
        return calls.answer(Hypercalls.SEND_INTERRUPT, new long[] {low, high, first, command}, bits);
    }

    private boolean got(int processor) {
        return chips.apic(processor).acknowledge() == VECTOR;
    }

    @Test
    void anInterruptReachesThoseOfTheBitmap() {
        assertThat(send(0b101, 0, 0, VECTOR, 64)).isEqualTo(2);
        assertThat(got(0)).isTrue();
        assertThat(got(1)).isFalse();
        assertThat(got(2)).isTrue();
    }

    @Test
    void theBitmapBeginsWhereTheThirdArgumentSays() {
        assertThat(send(0b10, 0, 1, VECTOR, 64)).isEqualTo(1);
        assertThat(got(2)).isTrue();
        assertThat(send(-1, -1, 3, VECTOR, 64)).isZero();
        assertThat(send(-1, 0, 0xFFFF_FFFFL, VECTOR, 64)).isZero();
        assertThat(send(-1, -1, 0, VECTOR, 32)).isEqualTo(3);
    }

    @Test
    void otherDestinationsAreRefused() {
        assertThat(send(1, 0, 0, VECTOR | 1 << 18, 64)).isEqualTo(Hypercalls.INVALID);
        assertThat(send(1, 0, 0, VECTOR | 1 << 11, 64)).isEqualTo(Hypercalls.INVALID);
        assertThat(got(0)).isFalse();
    }

    @Test
    void whatIsNotKnownSaysSo() {
        long[] none = new long[4];
        assertThat(calls.answer(Hypercalls.POLL_INTERRUPTS, none, 64)).isZero();
        assertThat(calls.answer(Hypercalls.YIELD, none, 64)).isZero();
        assertThat(calls.answer(-1, none, 64)).isEqualTo(Hypercalls.UNKNOWN);
        assertThat(calls.answer(5, none, 64)).isEqualTo(Hypercalls.UNKNOWN);
    }
}
