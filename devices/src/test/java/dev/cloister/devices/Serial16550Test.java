package dev.cloister.devices;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The registers, one by one, after PC16550D section 8. */
class Serial16550Test {
    private static final int DATA = 0;
    private static final int IER = 1;
    private static final int IIR = 2;
    private static final int FCR = 2;
    private static final int LCR = 3;
    private static final int MCR = 4;
    private static final int LSR = 5;
    private static final int MSR = 6;
    private static final int SCR = 7;
    private static final int OUT2 = 8;
    private static final int LOOP = 0x10;

    private final ByteArrayOutputStream sent = new ByteArrayOutputStream();
    private final Recorder line = new Recorder();
    private final Serial16550 port = new Serial16550(
            value -> {
                sent.write(value);
                return true;
            },
            line);

    private int in(int offset) {
        return port.readByte(offset);
    }

    private void out(int offset, int value) {
        port.writeByte(offset, value);
    }

    private void offer(String text) {
        assertThat(port.offerInput(text.getBytes(StandardCharsets.US_ASCII))).isEqualTo(text.length());
    }

    @Test
    void afterReset() {
        assertThat(in(IER)).isZero();
        assertThat(in(IIR)).isEqualTo(0x01);
        assertThat(in(LCR)).isZero();
        assertThat(in(MCR)).isZero();
        assertThat(in(LSR)).isEqualTo(0x60);
        assertThat(in(MSR)).isEqualTo(0xB0);
        assertThat(line.level).isFalse();
    }

    @Test
    void registersKeepExactlyTheirBits() {
        for (int value = 0; value < 256; value++) {
            out(SCR, value);
            out(MCR, value);
            out(LCR, value | 0x80);
            out(DATA, value);
            out(IER, 255 - value);
            assertThat(in(DATA)).isEqualTo(value);
            assertThat(in(IER)).isEqualTo(255 - value);
            assertThat(in(LCR)).isEqualTo(value | 0x80);
            out(LCR, value & 0x7F);
            assertThat(in(LCR)).isEqualTo(value & 0x7F);
            assertThat(in(SCR)).isEqualTo(value);
            assertThat(in(MCR)).isEqualTo(value & 0x1F);
            out(IER, value);
            assertThat(in(IER)).isEqualTo(value & 0x0F);
        }
        assertThat(sent.size()).isZero();
    }

    @Test
    void statusRegistersIgnoreWrites() {
        out(LSR, 0xFF);
        out(MSR, 0xFF);
        assertThat(in(LSR)).isEqualTo(0x60);
        assertThat(in(MSR)).isEqualTo(0xB0);
    }

    @Test
    void bytesAreTransmittedWholeAndAtOnce() {
        for (int value = 0; value < 256; value++) {
            out(DATA, value);
            assertThat(in(LSR)).isEqualTo(0x60);
        }
        assertThat(sent.toByteArray()).hasSize(256);
        assertThat(sent.toByteArray()[200]).isEqualTo((byte) 200);
        assertThat(port.transmitted()).isEqualTo(256);
    }

    @Test
    void wideAccessesReachSuccessiveRegisters() {
        port.write(IER, 2, 0x0105);
        assertThat(port.read(IER, 2)).isEqualTo(0xC105);
        assertThat(port.read(0, 4)).isEqualTo(0x00C10500L);
    }

    @Test
    void transmitterInterruptComesWithItsEnableAndGoesWithIirOrAWrite() {
        out(MCR, OUT2);
        out(IER, 2);
        assertThat(line.level).isTrue();
        assertThat(in(IIR)).isEqualTo(0x02);
        assertThat(line.level).isFalse();
        assertThat(in(IIR)).isEqualTo(0x01);
        int before = line.edges;
        out(DATA, 'x');
        assertThat(line.edges).isEqualTo(before + 1);
        out(DATA, 'y');
        assertThat(line.edges).isEqualTo(before + 2);
        assertThat(in(IIR)).isEqualTo(0x02);
        out(IER, 0);
        out(IER, 2);
        assertThat(in(IIR)).isEqualTo(0x02);
        out(IER, 2);
        assertThat(in(IIR)).isEqualTo(0x01);
    }

    @ParameterizedTest
    @CsvSource({"0x01, 1", "0x41, 4", "0x81, 8", "0xC1, 14"})
    void fifoTriggerLevelsDivideDataFromTimeout(String fcr, int level) {
        out(FCR, Integer.decode(fcr));
        out(IER, 1);
        offer("0123456789abcdef");
        for (int left = 16; left > 0; left--) {
            assertThat(in(IIR)).as("%d bytes left", left).isEqualTo(left >= level ? 0xC4 : 0xCC);
            assertThat(in(LSR)).isEqualTo(0x61);
            assertThat(in(DATA)).isEqualTo("0123456789abcdef".charAt(16 - left));
        }
        assertThat(in(IIR)).isEqualTo(0xC1);
        assertThat(in(LSR)).isEqualTo(0x60);
        assertThat(in(DATA)).isZero();
    }

    @Test
    void withoutFifosThereIsOneByteAtATimeAndNoTimeout() {
        out(IER, 1);
        offer("ab");
        assertThat(in(IIR)).isEqualTo(0x04);
        assertThat(in(DATA)).isEqualTo('a');
        assertThat(in(IIR)).isEqualTo(0x04);
        assertThat(in(DATA)).isEqualTo('b');
        assertThat(in(IIR)).isEqualTo(0x01);
    }

    @Test
    void onlyLoopbackGatesTheLine() {
        out(IER, 1);
        assertThat(line.level).isFalse();
        offer("a");
        assertThat(line.level).as("OUT2 is off, as xv6 leaves it").isTrue();
        out(MCR, OUT2);
        assertThat(line.level).isTrue();
        out(MCR, OUT2 | LOOP);
        assertThat(line.level).isFalse();
        out(MCR, 0);
        assertThat(in(DATA)).isEqualTo('a');
        assertThat(line.level).isFalse();
    }

    @Test
    void interruptsArriveInThePriorityOfTheTable() {
        out(FCR, 1);
        out(MCR, LOOP);
        in(MSR);
        out(IER, 0x0F);
        out(MCR, LOOP | 1);
        for (int i = 0; i < 17; i++) {
            out(DATA, i);
        }
        assertThat(in(IIR)).isEqualTo(0xC6);
        assertThat(in(LSR)).isEqualTo(0x63);
        assertThat(in(IIR)).isEqualTo(0xC4);
        for (int i = 0; i < 16; i++) {
            assertThat(in(DATA)).isEqualTo(i);
        }
        assertThat(in(IIR)).isEqualTo(0xC2);
        assertThat(in(IIR)).isEqualTo(0xC0);
        assertThat(in(MSR)).isEqualTo(0x22);
        assertThat(in(IIR)).isEqualTo(0xC1);
        assertThat(sent.size()).isZero();
    }

    @Test
    void overrunWithoutFifosKeepsTheNewByteAndWithFifosTheOld() {
        out(MCR, LOOP);
        out(DATA, 1);
        out(DATA, 2);
        assertThat(in(LSR)).isEqualTo(0x63);
        assertThat(in(LSR)).isEqualTo(0x61);
        assertThat(in(DATA)).isEqualTo(2);
        out(FCR, 1);
        for (int i = 0; i < 20; i++) {
            out(DATA, i);
        }
        assertThat(in(LSR)).isEqualTo(0x63);
        assertThat(in(DATA)).isZero();
    }

    @Test
    void loopbackConnectsModemOutputsToInputs() {
        int[][] wires = {{1, 0x20}, {2, 0x10}, {4, 0x40}, {8, 0x80}};
        for (int outputs = 0; outputs < 16; outputs++) {
            int expected = 0;
            for (int[] wire : wires) {
                expected |= (outputs & wire[0]) != 0 ? wire[1] : 0;
            }
            out(MCR, LOOP | outputs);
            assertThat(in(MSR) & 0xF0).isEqualTo(expected);
        }
        out(MCR, 0);
        assertThat(in(MSR) & 0xF0).isEqualTo(0xB0);
    }

    @Test
    void deltasTellOfChangesOnceAndOfRingOnlyAsItEnds() {
        out(MCR, LOOP);
        in(MSR);
        out(MCR, LOOP | 4);
        assertThat(in(MSR)).isEqualTo(0x40);
        out(MCR, LOOP);
        assertThat(in(MSR)).isEqualTo(0x04);
        out(MCR, LOOP | 0x0B);
        assertThat(in(MSR)).isEqualTo(0xBB);
        assertThat(in(MSR)).isEqualTo(0xB0);
    }

    @Test
    void loopbackCutsTheWireBothWays() {
        out(MCR, LOOP);
        offer("outside");
        assertThat(in(LSR)).isEqualTo(0x60);
        out(DATA, 'i');
        assertThat(in(DATA)).isEqualTo('i');
        assertThat(sent.size()).isZero();
        out(MCR, 0);
        assertThat(in(DATA)).isEqualTo('o');
    }

    @ParameterizedTest
    @ValueSource(ints = {0x00, 0x03, 0x01, 0x07})
    void fifoResetsEmptyTheReceiver(int fcr) {
        out(FCR, 0x01);
        out(MCR, LOOP);
        out(DATA, 'x');
        assertThat(in(LSR) & 1).isEqualTo(1);
        out(FCR, fcr);
        assertThat(in(LSR) & 1).isEqualTo(fcr == 0x01 ? 1 : 0);
        assertThat(in(IIR) & 0xC0).isEqualTo(fcr == 0 ? 0 : 0xC0);
    }

    @Test
    void otherFifoBitsNeedTheEnableBit() {
        out(FCR, 0xC1);
        out(FCR, 0xC0);
        assertThat(in(IIR)).isEqualTo(0x01);
        out(FCR, 0x01);
        out(IER, 1);
        offer("a");
        assertThat(in(IIR)).isEqualTo(0xC4);
    }

    @Test
    void inputIsTakenOnlyAsFarAsThereIsRoom() {
        byte[] much = new byte[Serial16550.INPUT_BYTES + 100];
        int[] told = {0};
        port.onInputSpace(() -> told[0]++);
        assertThat(port.offerInput(much)).isEqualTo(Serial16550.INPUT_BYTES);
        assertThat(port.offerInput(much)).isZero();
        assertThat(port.inputSpace()).isZero();
        assertThat(told[0]).isZero();
        out(FCR, 1);
        in(DATA);
        assertThat(told[0]).isEqualTo(1);
        assertThat(port.inputSpace()).isEqualTo(17);
        for (int i = 1; i < Serial16550.INPUT_BYTES; i++) {
            assertThat(in(LSR) & 0x03).isEqualTo(1);
            in(DATA);
        }
        assertThat(in(LSR) & 1).isZero();
    }

    @Test
    void earlyInputSurvivesTheGuestsSetUp() {
        offer("hello");
        out(FCR, 0x07);
        out(LCR, 0x03);
        out(MCR, 0x0B);
        out(IER, 0x01);
        assertThat(line.level).isTrue();
        StringBuilder read = new StringBuilder();
        while ((in(LSR) & 1) != 0) {
            read.append((char) in(DATA));
        }
        assertThat(read).hasToString("hello");
        assertThat(line.level).isFalse();
    }

    @Test
    void aBreakIsAZeroWithItsBitBehindWhatWasReceivedAndBeforeWhatWaits() {
        out(FCR, 0x01);
        out(IER, 0x05);
        offer("ab");
        port.sendBreak();
        offer("h");
        assertThat(in(DATA)).isEqualTo('a');
        assertThat(in(LSR) & 0x11).isEqualTo(0x01);
        assertThat(in(DATA)).isEqualTo('b');
        assertThat(in(IIR) & 0x0F).isEqualTo(0x06);
        assertThat(in(LSR) & 0x11).isEqualTo(0x11);
        assertThat(in(LSR) & 0x11).as("reading takes the bit away").isEqualTo(0x01);
        assertThat(in(DATA)).isZero();
        assertThat(in(LSR) & 0x11).isEqualTo(0x01);
        assertThat(in(DATA)).isEqualTo('h');
        port.sendBreak();
        assertThat(in(DATA)).as("read without a look at the status").isZero();
        assertThat(in(LSR) & 0x11).isZero();
    }

    @Test
    void droppedBytesAreCounted() {
        Serial16550 deaf = new Serial16550(_ -> false, InterruptLine.NONE);
        deaf.writeByte(DATA, 1);
        deaf.writeByte(DATA, 2);
        assertThat(deaf.transmitted()).isEqualTo(2);
        assertThat(deaf.dropped()).isEqualTo(2);
    }
}
