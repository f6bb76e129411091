package dev.cloister.devices.interrupt;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PicTest {
    private static final int NON_SPECIFIC_EOI = 0x20;
    private final Chips c = new Chips(1);

    @BeforeEach
    void initialise() {
        c.initialisePics();
    }

    @AfterEach
    void close() {
        c.close();
    }

    private int acknowledge() {
        return c.apic(0).acknowledge();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 4, 7, 8, 12, 15})
    void aLineGivesItsVectorOnce(int line) {
        assertThat(c.apic(0).attention()).isFalse();
        c.pulse(line);
        assertThat(c.apic(0).attention()).isTrue();
        assertThat(acknowledge()).isEqualTo(0x20 + line);
        assertThat(c.apic(0).attention()).isFalse();
        assertThat(acknowledge()).isEqualTo(-1);
    }

    @Test
    void lowerLinesGoFirstAndInServiceOnesHoldBackTheRest() {
        c.pulse(4);
        c.pulse(1);
        c.pulse(9);
        assertThat(acknowledge()).isEqualTo(0x21);
        assertThat(acknowledge()).as("nothing outranks line 1 in service").isEqualTo(-1);
        c.ports.write(0x20, 1, NON_SPECIFIC_EOI);
        assertThat(acknowledge()).as("the second chip is on pin 2").isEqualTo(0x29);
        c.pulse(0);
        assertThat(acknowledge()).as("line 0 interrupts the rest").isEqualTo(0x20);
        c.ports.write(0x20, 1, NON_SPECIFIC_EOI);
        c.ports.write(0xA0, 1, NON_SPECIFIC_EOI);
        c.ports.write(0x20, 1, NON_SPECIFIC_EOI);
        assertThat(acknowledge()).isEqualTo(0x24);
    }

    @Test
    void aMaskedLineWaits() {
        c.ports.write(0x21, 1, 0x10);
        c.pulse(4);
        assertThat(c.apic(0).attention()).isFalse();
        assertThat(c.ports.read(0x20, 1)).as("requests").isEqualTo(0x10);
        c.ports.write(0x21, 1, 0);
        assertThat(acknowledge()).isEqualTo(0x24);
        c.ports.write(0x20, 1, 0x0B);
        assertThat(c.ports.read(0x20, 1)).as("in service").isEqualTo(0x10);
    }

    @Test
    void aLevelTriggeredLineComesBackUntilItFalls() {
        c.ports.write(0x4D1, 1, 0xFF);
        assertThat(c.ports.read(0x4D1, 1))
                .as("the clock's and the coprocessor's stay edges")
                .isEqualTo(0xDE);
        c.chips.line(11).setLevel(true);
        assertThat(acknowledge()).isEqualTo(0x2B);
        c.ports.write(0xA0, 1, NON_SPECIFIC_EOI);
        c.ports.write(0x20, 1, NON_SPECIFIC_EOI);
        assertThat(acknowledge()).isEqualTo(0x2B);
        c.chips.line(11).setLevel(false);
        c.ports.write(0xA0, 1, NON_SPECIFIC_EOI);
        c.ports.write(0x20, 1, NON_SPECIFIC_EOI);
        assertThat(c.apic(0).attention()).isFalse();
    }

    @Test
    void rotationGivesTheServedLineTheLowestPriority() {
        c.pulse(3);
        assertThat(acknowledge()).isEqualTo(0x23);
        c.ports.write(0x20, 1, 0xA0);
        c.pulse(3);
        c.pulse(5);
        assertThat(acknowledge()).isEqualTo(0x25);
    }

    @Test
    void automaticEndsNeedNoCommand() {
        c.ports.write(0x20, 1, 0x11);
        c.ports.write(0x21, 1, 0x20);
        c.ports.write(0x21, 1, 4);
        c.ports.write(0x21, 1, 3);
        c.pulse(5);
        assertThat(acknowledge()).isEqualTo(0x25);
        c.pulse(6);
        assertThat(acknowledge()).isEqualTo(0x26);
    }

    @Test
    void pollingTakesARequestWithoutTheProcessor() {
        c.pulse(6);
        c.ports.write(0x20, 1, 0x0C);
        assertThat(c.ports.read(0x20, 1)).isEqualTo(0x86);
        assertThat(c.apic(0).attention()).isFalse();
        c.ports.write(0x20, 1, 0x0C);
        assertThat(c.ports.read(0x20, 1)).isZero();
    }

    @Test
    void specialMaskModeLetsLowerLinesThroughAMaskedOne() {
        c.pulse(1);
        assertThat(acknowledge()).isEqualTo(0x21);
        c.ports.write(0x20, 1, 0x68);
        c.ports.write(0x21, 1, 0x02);
        c.pulse(4);
        assertThat(acknowledge()).isEqualTo(0x24);
    }
}
