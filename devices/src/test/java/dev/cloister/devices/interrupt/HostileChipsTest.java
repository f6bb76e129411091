package dev.cloister.devices.interrupt;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever is written where, by whom: no exception, no vector out of range, and what is pending can always be drained. */
@Timeout(300)
class HostileChipsTest {
    private static final int STEPS = 20_000;
    private static final int[] PORTS = {0x20, 0x21, 0xA0, 0xA1, 0x4D0, 0x4D1};
    private static final int[] SIZES = {1, 2, 4, 8};

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void storms(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        try (Chips c = new Chips(3)) {
            for (int i = 0; i < STEPS; i++) {
                step(c, random);
            }
            assertThat(c.ports.failures()).as("seed %d", seed).isEmpty();
            assertThat(c.mmio.failures()).as("seed %d", seed).isEmpty();
            for (int gsi = 0; gsi < InterruptChips.LINES; gsi++) {
                c.chips.line(gsi).setLevel(false);
            }
            for (int p = 0; p < 3; p++) {
                drain(c.apic(p), seed);
            }
        }
    }

    private static void step(Chips c, SplittableRandom random) {
        LocalApic apic = c.apic(random.nextInt(3));
        int size = SIZES[random.nextInt(4)];
        switch (random.nextInt(10)) {
            case 0 -> c.ports.write(PORTS[random.nextInt(6)], Math.min(size, 4), random.nextInt());
            case 1 -> c.ports.read(PORTS[random.nextInt(6)], Math.min(size, 4));
            case 2 -> apic.write(random.nextInt(0x40) << 4 | (random.nextInt(9) == 0 ? 4 : 0), 4, random.nextInt());
            case 3 -> apic.read(random.nextInt(0x1000), size);
            case 4 -> c.redirect(random.nextInt(24), random.nextLong() & ~0x10000L);
            case 5 -> c.chips.line(random.nextInt(24)).setLevel(random.nextBoolean());
            case 6 -> c.chips.message(random.nextLong(), random.nextInt());
            case 7 -> msrs(apic, random);
            case 8 -> c.mmio.write(0xFEC0_0000L + random.nextInt(0x1000), size, random.nextLong());
            default -> assertThat(apic.acknowledge()).isBetween(-1, 255);
        }
    }

    private static void msrs(LocalApic apic, SplittableRandom random) {
        int index = LocalApic.MSR_X2APIC + random.nextInt(0x100);
        switch (random.nextInt(4)) {
            case 0 -> apic.setBase(0xFEE0_0000L | (long) random.nextInt(16) << 8, 40);
            case 1 -> apic.setDeadline(random.nextLong(), random.nextLong());
            case 2 -> apic.readMsr(index, new long[1]);
            default -> apic.writeMsr(index, random.nextInt(2) == 0 ? random.nextInt(256) : random.nextLong());
        }
    }

    private static void drain(LocalApic apic, long seed) {
        apic.takeInit();
        apic.takeStartup();
        apic.takeNonMaskable();
        for (int i = 0; i < 600 && apic.attention(); i++) {
            apic.acknowledge();
        }
        assertThat(apic.attention()).as("seed %d: drained", seed).isFalse();
    }
}
