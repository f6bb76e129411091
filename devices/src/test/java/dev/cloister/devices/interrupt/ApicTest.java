package dev.cloister.devices.interrupt;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class ApicTest {
    private static final long LEVEL = 1 << 15;
    private static final int MASKED = 1 << 16;
    private static final long X2APIC = 0xFEE0_0C00L;
    private final Chips c = new Chips(3);

    @BeforeEach
    void enable() {
        c.ports.write(0x21, 1, 0xFF);
        c.ports.write(0xA1, 1, 0xFF);
        for (int i = 0; i < 3; i++) {
            c.enable(i);
        }
    }

    @AfterEach
    void close() {
        c.close();
    }

    @Test
    void anEdgeGoesToTheProcessorThatItsPinNames() {
        c.redirect(5, 1L << 56 | 0x51);
        c.pulse(5);
        assertThat(c.apic(0).attention()).isFalse();
        assertThat(c.apic(1).acknowledge()).isEqualTo(0x51);
        assertThat(c.apic(1).acknowledge()).isEqualTo(-1);
    }

    @Test
    void theTimersLineIsOnPinTwo() {
        c.redirect(2, 0x40);
        c.pulse(0);
        assertThat(c.apic(0).acknowledge()).isEqualTo(0x40);
    }

    @Test
    void anEdgeOnAMaskedPinIsLostALevelIsNot() {
        c.redirect(6, MASKED | 0x61);
        c.redirect(7, MASKED | LEVEL | 0x71);
        c.pulse(6);
        c.chips.line(7).setLevel(true);
        c.redirect(6, 0x61);
        c.redirect(7, LEVEL | 0x71);
        assertThat(c.apic(0).acknowledge()).isEqualTo(0x71);
        assertThat(c.apic(0).acknowledge()).isEqualTo(-1);
    }

    @Test
    void aLevelComesAgainAfterItsEndAndOnlyThen() {
        c.redirect(9, LEVEL | 0x91);
        c.chips.line(9).setLevel(true);
        assertThat(c.redirection(9) >> 14 & 1).as("remote IRR").isOne();
        assertThat(c.apic(0).acknowledge()).isEqualTo(0x91);
        c.chips.line(9).setLevel(false);
        c.chips.line(9).setLevel(true);
        assertThat(c.apic(0).acknowledge()).isEqualTo(-1);
        c.apic(0).write(Chips.EOI, 4, 0);
        assertThat(c.apic(0).acknowledge()).isEqualTo(0x91);
        c.chips.line(9).setLevel(false);
        c.apic(0).write(Chips.EOI, 4, 0);
        assertThat(c.apic(0).attention()).isFalse();
        assertThat(c.redirection(9) >> 14 & 1).isZero();
    }

    @Test
    void prioritiesOfTaskAndServiceHoldBack() {
        c.apic(0).setTaskPriority(0x50);
        c.chips.message(0xFEE0_0000L, 0x5F);
        assertThat(c.apic(0).attention()).isFalse();
        c.chips.message(0xFEE0_0000L, 0x61);
        assertThat(c.apic(0).acknowledge()).isEqualTo(0x61);
        c.apic(0).write(Chips.TASK_PRIORITY, 4, 0);
        assertThat(c.apic(0).acknowledge())
                .as("a class below what is in service")
                .isEqualTo(-1);
        c.apic(0).write(Chips.EOI, 4, 0);
        assertThat(c.apic(0).acknowledge()).isEqualTo(0x5F);
    }

    @Test
    void shorthandsReachTheOthersAllAndSelf() {
        c.apic(1).write(Chips.COMMAND, 4, 3 << 18 | 0x41);
        assertThat(c.apic(0).acknowledge()).isEqualTo(0x41);
        assertThat(c.apic(1).acknowledge()).isEqualTo(-1);
        assertThat(c.apic(2).acknowledge()).isEqualTo(0x41);
        c.apic(1).write(Chips.COMMAND, 4, 1 << 18 | 0x52);
        assertThat(c.apic(1).acknowledge()).isEqualTo(0x52);
        c.apic(1).write(Chips.COMMAND_HIGH, 4, 2 << 24);
        c.apic(1).write(Chips.COMMAND, 4, 0x63);
        assertThat(c.apic(2).acknowledge()).isEqualTo(0x63);
        assertThat(c.apic(0).acknowledge()).isEqualTo(-1);
    }

    @Test
    void logicalDestinationsAreFlatOrClusters() {
        c.apic(1).write(0xD0, 4, 0x02 << 24);
        c.apic(2).write(0xD0, 4, 0x04 << 24);
        c.apic(0).write(Chips.COMMAND_HIGH, 4, 0x06 << 24);
        c.apic(0).write(Chips.COMMAND, 4, 1 << 11 | 0x44);
        assertThat(c.apic(1).acknowledge()).isEqualTo(0x44);
        assertThat(c.apic(2).acknowledge()).isEqualTo(0x44);
        c.apic(1).write(0xE0, 4, 0x0FFF_FFFF);
        c.apic(1).write(0xD0, 4, 0x31 << 24);
        c.apic(0).write(Chips.COMMAND_HIGH, 4, 0x31 << 24);
        c.apic(0).write(Chips.COMMAND, 4, 1 << 11 | 0x55);
        assertThat(c.apic(1).acknowledge()).isEqualTo(0x55);
        assertThat(c.apic(0).attention()).isFalse();
    }

    @Test
    void applicationProcessorsStartByInitAndSipi() {
        LocalApic second = c.apic(1);
        assertThat(second.waitsForStartup()).isTrue();
        c.apic(0).write(Chips.COMMAND, 4, 0xC4500);
        assertThat(second.takeInit()).isTrue();
        assertThat(second.takeStartup()).isEqualTo(-1);
        c.apic(0).write(Chips.COMMAND, 4, 0xC4608);
        assertThat(second.attention()).isTrue();
        assertThat(second.takeStartup()).isEqualTo(8);
        assertThat(second.waitsForStartup()).isFalse();
        c.apic(0).write(Chips.COMMAND, 4, 0xC4609);
        assertThat(second.takeStartup())
                .as("a second SIPI to a processor that runs")
                .isEqualTo(-1);
        assertThat(c.apic(0).attention()).isFalse();
    }

    @Test
    void aSipiThatComesBeforeTheInitIsTakenIsKept() {
        c.apic(0).write(Chips.COMMAND, 4, 0xC4500);
        c.apic(0).write(Chips.COMMAND, 4, 0xC4608);
        assertThat(c.apic(1).takeInit()).isTrue();
        assertThat(c.apic(1).takeStartup()).isEqualTo(8);
    }

    @Test
    void twoNonMaskableInterruptsWaitAndAThirdIsLost() {
        for (int n = 0; n < 3; n++) {
            c.apic(1).write(Chips.COMMAND, 4, 0x400);
        }
        assertThat(c.apic(0).takeNonMaskable()).isTrue();
        assertThat(c.apic(0).attention()).isTrue();
        assertThat(c.apic(0).takeNonMaskable()).isTrue();
        assertThat(c.apic(0).takeNonMaskable()).isFalse();
        assertThat(c.apic(0).attention()).isFalse();
    }

    @Test
    void nonMaskableInterruptsPassWhateverIsMasked() {
        c.apic(0).setTaskPriority(0xFF);
        c.apic(1).write(Chips.COMMAND, 4, 0x400);
        assertThat(c.apic(0).unmaskable()).isTrue();
        assertThat(c.apic(0).takeNonMaskable()).isTrue();
        assertThat(c.apic(0).attention()).isFalse();
    }

    @Test
    void aDisabledApicTakesNothingAndMasksItsOwn() {
        c.apic(0).write(Chips.SPURIOUS, 4, 0xFF);
        c.chips.message(0xFEE0_0000L, 0x61);
        assertThat(c.apic(0).attention()).isFalse();
        assertThat(c.apic(0).read(Chips.LVT_TIMER, 4) & MASKED).isNotZero();
        c.apic(0).write(Chips.LVT_TIMER, 4, 0x44);
        assertThat(c.apic(0).read(Chips.LVT_TIMER, 4)).isEqualTo(MASKED | 0x44);
    }

    @Test
    void illegalVectorsAreErrors() {
        c.apic(0).write(0x370, 4, 0xFE);
        c.apic(0).write(Chips.COMMAND, 4, 1 << 18 | 0x08);
        c.apic(0).write(0x280, 4, 0);
        assertThat(c.apic(0).read(0x280, 4)).isEqualTo(1 << 5);
        assertThat(c.apic(0).acknowledge()).isEqualTo(0xFE);
    }

    @Test
    void theOneShotTimerCountsNanosecondsByItsDivisor() throws Exception {
        c.apic(0).write(Chips.DIVIDE, 4, 0x3);
        c.apic(0).write(Chips.LVT_TIMER, 4, 0x70);
        c.apic(0).write(Chips.INITIAL, 4, 1000);
        c.pass(8_000);
        assertThat(c.apic(0).read(Chips.CURRENT, 4)).isEqualTo(500);
        assertThat(c.apic(0).attention()).isFalse();
        c.pass(8_000);
        c.awaitCall(0);
        assertThat(c.apic(0).acknowledge()).isEqualTo(0x70);
        assertThat(c.apic(0).read(Chips.CURRENT, 4)).isZero();
    }

    @Test
    void thePeriodicTimerGoesOnAndMissedPeriodsAreOneInterrupt() throws Exception {
        c.apic(0).write(Chips.DIVIDE, 4, 0xB);
        c.apic(0).write(Chips.LVT_TIMER, 4, 1 << 17 | 0x70);
        c.apic(0).write(Chips.INITIAL, 4, 1_000_000);
        for (int i = 0; i < 3; i++) {
            c.pass(i == 1 ? 5_000_000 : 1_000_000);
            c.awaitCall(0);
            assertThat(c.apic(0).acknowledge()).isEqualTo(0x70);
            c.apic(0).write(Chips.EOI, 4, 0);
            assertThat(c.apic(0).attention()).isFalse();
        }
    }

    @Test
    void aChangeOfTheTimersModeLeavesTheCountWhereItIs() throws Exception {
        // Intel SDM vol. 3, 11.5.4: only a write of the initial count starts a count.
        c.apic(0).write(Chips.DIVIDE, 4, 0xB);
        c.apic(0).write(Chips.LVT_TIMER, 4, 0x70);
        c.apic(0).write(Chips.INITIAL, 4, 1_000_000);
        c.pass(400_000);
        c.apic(0).write(Chips.LVT_TIMER, 4, 1 << 17 | 0x70);
        assertThat(c.apic(0).read(Chips.CURRENT, 4)).isEqualTo(600_000);
        c.pass(600_000);
        c.awaitCall(0);
        c.pass(300_000);
        assertThat(c.apic(0).read(Chips.CURRENT, 4)).isEqualTo(700_000);
        c.apic(0).write(Chips.LVT_TIMER, 4, 0x70);
        assertThat(c.apic(0).read(Chips.CURRENT, 4)).isEqualTo(700_000);
        c.pass(900_000);
        assertThat(c.apic(0).read(Chips.CURRENT, 4)).isZero();
        c.apic(0).write(Chips.LVT_TIMER, 4, 1 << 17 | 0x70);
        assertThat(c.apic(0).read(Chips.CURRENT, 4)).as("it has ended").isZero();
        c.apic(0).write(Chips.INITIAL, 4, 1_000_000);
        assertThat(c.apic(0).read(Chips.CURRENT, 4)).isEqualTo(1_000_000);
    }

    @Test
    void theDeadlineTimerRingsAtItsTime() throws Exception {
        c.apic(0).write(Chips.LVT_TIMER, 4, 2 << 17 | 0x70);
        c.apic(0).setDeadline(1_000_500, 1_000_000);
        assertThat(c.apic(0).deadline()).isEqualTo(1_000_500);
        c.pass(500);
        c.awaitCall(0);
        assertThat(c.apic(0).deadline()).isZero();
        assertThat(c.apic(0).acknowledge()).isEqualTo(0x70);
        c.apic(0).write(Chips.EOI, 4, 0);
        c.apic(0).setDeadline(1, 2_000_000);
        c.awaitCall(0);
        assertThat(c.apic(0).acknowledge()).as("a time that has passed").isEqualTo(0x70);
    }

    @Test
    void x2apicModeIsEnteredOnceAndHasRegistersOfItsOwn() {
        LocalApic apic = c.apic(2);
        long[] value = new long[1];
        assertThat(apic.readMsr(0x802, value)).as("before").isFalse();
        assertThat(apic.setBase(X2APIC, 40)).isTrue();
        assertThat(apic.claims(0xFEE0_0000L)).isFalse();
        assertThat(apic.readMsr(0x802, value)).isTrue();
        assertThat(value[0]).isEqualTo(2);
        assertThat(apic.readMsr(0x80D, value)).isTrue();
        assertThat(value[0]).isEqualTo(4);
        assertThat(apic.writeMsr(0x83F, 0x42)).isTrue();
        assertThat(apic.acknowledge()).isEqualTo(0x42);
        assertThat(apic.writeMsr(0x80B, 1)).as("an end that is not 0").isFalse();
        assertThat(apic.writeMsr(0x80B, 0)).isTrue();
        assertThat(apic.writeMsr(0x802, 0)).as("a read-only register").isFalse();
        assertThat(apic.writeMsr(0x830, 1L << 32 | 0x43)).isTrue();
        assertThat(c.apic(1).acknowledge()).isEqualTo(0x43);
        assertThat(apic.setBase(0xFEE0_0800L, 40)).as("back without disabling").isFalse();
        assertThat(apic.setBase(0xFEE0_0000L, 40)).isTrue();
        assertThat(apic.setBase(X2APIC, 40)).as("from disabled").isFalse();
        assertThat(apic.setBase(1L << 40 | 0xFEE0_0800L, 40)).as("reserved").isFalse();
    }

    @Test
    void reservedBitsOfX2apicRegistersAreRefused() {
        // Intel SDM vol. 3, 11.12.1.2.
        LocalApic apic = c.apic(0);
        assertThat(apic.setBase(apic.base() | LocalApic.BASE_X2APIC, 46)).isTrue();
        Object[][] writes = {
            {0x80F, 0x1FFL, true},
            {0x80F, 0x11FFL, false},
            {0x83E, 0xBL, true},
            {0x83E, 0x4L, false},
            {0x83E, 0x10L, false},
            {0x832, 0x400EFL, true},
            {0x832, 0x400EFL | 1 << 8, false},
            {0x832, 0x10EFL, true},
            {0x837, 0xEEL, true},
            {0x837, 0xEEL | 1 << 8, false},
            {0x835, 0x1A720L, true},
            {0x835, 1L << 19, false},
            {0x808, 0x100L, false},
            {0x802, 0L, false},
            {0x80B, 1L, false},
            {0x828, 1L, false},
            {0x80D, 1L, false},
            {0x838, 0xFFFF_FFFFL, true},
            {0x838, 1L << 32, false}
        };
        for (Object[] write : writes) {
            assertThat(apic.writeMsr((int) write[0], (long) write[1]))
                    .as("MSR %x, %x", write[0], write[1])
                    .isEqualTo(write[2]);
        }
    }
}
