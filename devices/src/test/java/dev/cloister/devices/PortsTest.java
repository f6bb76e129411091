package dev.cloister.devices;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The small ports: debug console, POST, reset, debug exit, power-off. */
class PortsTest {
    private final Recorder machine = new Recorder();

    @Test
    void theDebugPortIsFoundByItsReadbackAndPassesBytesOn() {
        ByteArrayOutputStream sent = new ByteArrayOutputStream();
        DebugPort port = new DebugPort(value -> {
            sent.write(value);
            return true;
        });
        assertThat(port.read(0, 1)).isEqualTo(0xE9);
        port.write(0, 1, 'S');
        port.write(0, 1, 0xFF);
        assertThat(sent.toByteArray()).containsExactly('S', 0xFF);
    }

    @Test
    void thePostPortKeepsTheLastCode() {
        PostPort port = new PostPort();
        port.write(0, 1, 0xAB);
        assertThat(port.last()).isEqualTo(0xAB);
        assertThat(port.read(0, 1)).isEqualTo(0xAB);
    }

    @Test
    void theResetRegisterFiresAsItsBitRises() {
        ResetControl port = new ResetControl(machine);
        port.write(0, 1, 0x02);
        assertThat(machine.events).isEmpty();
        assertThat(port.read(0, 1)).isEqualTo(0x02);
        port.write(0, 1, 0x06);
        assertThat(machine.events).containsExactly("reset");
        port.write(0, 1, 0x06);
        assertThat(machine.events).hasSize(1);
        port.write(0, 1, 0xF1);
        assertThat(port.read(0, 1)).isZero();
        port.write(0, 1, 0x0E);
        assertThat(machine.events).hasSize(2);
    }

    @Test
    void debugExitPassesTheValueOn() {
        DebugExit port = new DebugExit(machine);
        port.write(0, 1, 0x10);
        port.write(0, 4, 0xFFFF_FFFFL);
        assertThat(machine.events).containsExactly("exit 16", "exit -1");
        assertThat(port.read(0, 4)).isZero();
        assertThat(DebugExit.exitCode(0)).isEqualTo(1);
        assertThat(DebugExit.exitCode(0x10)).isEqualTo(33);
        assertThat(DebugExit.exitCode(-1)).isEqualTo(255);
    }

    @Test
    void everyWordSwitchesOffExactlyIfItAsksForSoftOff() {
        for (int word = 0; word <= 0xFFFF; word += 0x3F) {
            assertPowerOff(word);
        }
        assertPowerOff(0x2000);
        assertPowerOff(0x3C00);
    }

    private void assertPowerOff(int word) {
        PowerOffPort port = new PowerOffPort(machine);
        machine.events.clear();
        port.write(0, 2, word);
        boolean off = (word & 0x2000) != 0 && (word & 0x1C00) == 0;
        assertThat(machine.events.contains("power off")).as("word %#x", word).isEqualTo(off);
        assertThat(port.read(0, 2)).isEqualTo(word & ~0x2000);
    }

    @Test
    void theHighByteAloneSwitchesOff() {
        PowerOffPort port = new PowerOffPort(machine);
        port.write(1, 1, 0x20);
        assertThat(machine.events).containsExactly("power off");
    }

    private static final class Rig {
        final Recorder outside = new Recorder();
        final Recorder mouse = new Recorder();
        final I8042 controller = new I8042(outside, outside, mouse);
        final PortBus bus = new PortBus();

        Rig() {
            controller.attachTo(bus);
        }

        void command(int value) {
            bus.write(0x64, 1, value);
        }

        void data(int value) {
            bus.write(0x60, 1, value);
        }

        int status() {
            return (int) bus.read(0x64, 1);
        }

        int answer() {
            assertThat(status() & 1).as("output buffer full").isEqualTo(1);
            return (int) bus.read(0x60, 1);
        }

        void assertQuiet() {
            assertThat(status() & 1).as("output buffer full").isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({"0xAA, 0x55", "0xAB, 0x00", "0xA9, 0x00", "0xA4, 0xF1", "0xC0, 0x80", "0xD0, 0xCF", "0xE0, 0x00"})
    void theKeyboardControllerAnswers(String command, String answer) {
        Rig rig = new Rig();
        rig.command(Integer.decode(command));
        assertThat(rig.answer()).isEqualTo(Integer.decode(answer));
        rig.assertQuiet();
    }

    @Test
    void theControllersMemoryIsReadAndWritten() {
        Rig rig = new Rig();
        for (int i = 1; i < 32; i++) {
            rig.command(0x60 | i);
            rig.data(0x80 | i);
        }
        for (int i = 1; i < 32; i++) {
            rig.command(0x20 | i);
            assertThat(rig.answer()).isEqualTo(0x80 | i);
        }
    }

    @Test
    void statusTellsOfCommandsAndTheSelfTest() {
        Rig rig = new Rig();
        assertThat(rig.status()).isEqualTo(0x10);
        rig.command(0xAA);
        assertThat(rig.status()).isEqualTo(0x1D);
        rig.answer();
        rig.data(0xF4);
        assertThat(rig.answer()).isEqualTo(0xFA);
        assertThat(rig.status()).isEqualTo(0x14);
    }

    @Test
    void theKeyboardIsThere() {
        Rig rig = new Rig();
        int[][] talks = {
            {0xFF, 0xFA, 0xAA},
            {0xF2, 0xFA, 0xAB, 0x83},
            {0xF5, 0xFA},
            {0xF4, 0xFA},
            {0xF6, 0xFA},
            {0xEE, 0xEE},
            {0xED, 0xFA},
            {0x07, 0xFA},
            {0xF0, 0xFA},
            {0x00, 0xFA, 0x02},
            {0xF0, 0xFA},
            {0x01, 0xFA},
            {0xF0, 0xFA},
            {0x00, 0xFA, 0x01},
            {0x55, 0xFE},
            {0xEE, 0xEE},
            {0xFE, 0xEE},
        };
        for (int[] talk : talks) {
            rig.data(talk[0]);
            for (int i = 1; i < talk.length; i++) {
                assertThat(rig.answer()).as("answer to %#x", talk[0]).isEqualTo(talk[i]);
            }
            rig.assertQuiet();
        }
    }

    @Test
    void interruptsComeByteByByteIfEnabled() {
        Rig rig = new Rig();
        rig.data(0xF2);
        assertThat(rig.outside.level).isFalse();
        rig.command(0x60);
        rig.data(0x01);
        assertThat(rig.outside.level).isTrue();
        for (int i = 0; i < 3; i++) {
            rig.answer();
        }
        assertThat(rig.outside.edges).isEqualTo(3);
        assertThat(rig.outside.level).isFalse();
    }

    @Test
    void onlyPulsesOfLineZeroReset() {
        for (int command = 0xF0; command <= 0xFF; command++) {
            Rig rig = new Rig();
            rig.command(command);
            assertThat(rig.outside.events).hasSize(command % 2 == 0 ? 1 : 0);
        }
    }

    @Test
    void theOutputPortDrivesResetAndA20() {
        Rig rig = new Rig();
        assertThat(rig.controller.isA20Open()).isTrue();
        rig.command(0xD1);
        rig.data(0xDD);
        assertThat(rig.controller.isA20Open()).isFalse();
        assertThat(rig.bus.read(0x92, 1)).isZero();
        rig.bus.write(0x92, 1, 2);
        assertThat(rig.controller.isA20Open()).isTrue();
        rig.command(0xDD);
        assertThat(rig.controller.isA20Open()).isFalse();
        rig.command(0xDF);
        assertThat(rig.bus.read(0x92, 1)).isEqualTo(2);
        assertThat(rig.outside.events).isEmpty();
        rig.command(0xD1);
        rig.data(0x02);
        assertThat(rig.outside.events).containsExactly("reset");
        rig.bus.write(0x92, 1, 3);
        rig.bus.write(0x92, 1, 3);
        assertThat(rig.outside.events).hasSize(2);
    }

    @Test
    void theMouseIsThereWithItsOwnInterrupt() {
        Rig rig = new Rig();
        rig.command(0x60);
        rig.data(0x03);
        int[][] talks = {
            {0xFF, 0xFA, 0xAA, 0x00},
            {0xF2, 0xFA, 0x00},
            {0xE9, 0xFA, 0x00, 0x02, 0x64},
            {0xF4, 0xFA},
            {0xE8, 0xFA},
            {0x03, 0xFA},
            {0xF3, 0xFA},
            {0x28, 0xFA},
            {0xE7, 0xFA},
            {0xE9, 0xFA, 0x30, 0x03, 0x28},
            {0xEB, 0xFA, 0x08, 0x00, 0x00},
            {0xEE, 0xFA},
            {0xF2, 0xF2},
            {0xEC, 0xFA},
            {0x11, 0xFE},
            {0xF6, 0xFA},
            {0xE9, 0xFA, 0x00, 0x02, 0x64},
        };
        int edges = 0;
        for (int[] talk : talks) {
            rig.command(0xD4);
            rig.data(talk[0]);
            for (int i = 1; i < talk.length; i++) {
                assertThat(rig.mouse.level).isTrue();
                assertThat(rig.status() & 0x21).as("answer to %#x", talk[0]).isEqualTo(0x21);
                assertThat(rig.answer()).as("answer to %#x", talk[0]).isEqualTo(talk[i]);
                edges++;
            }
            rig.assertQuiet();
        }
        assertThat(rig.mouse.edges).isEqualTo(edges);
        assertThat(rig.outside.edges).as("the keyboard's").isZero();
    }

    /** Linux takes the port for broken if the loopback's byte comes from the keyboard's. */
    @Test
    void loopbacksComeFromThePortThatTheyNameInTheOrderOfTheirBytes() {
        Rig rig = new Rig();
        for (int i = 0; i < 6; i++) {
            rig.command(i % 2 == 0 ? 0xD3 : 0xD2);
            rig.data(0x50 + i);
        }
        for (int i = 0; i < 6; i++) {
            assertThat(rig.status() & 0x21).isEqualTo(i % 2 == 0 ? 0x21 : 0x01);
            assertThat(rig.answer()).isEqualTo(0x50 + i);
        }
        rig.assertQuiet();
        assertThat(rig.mouse.level).isFalse();
    }

    @Test
    void theOutputQueueIsBounded() {
        Rig rig = new Rig();
        for (int i = 0; i < 100; i++) {
            rig.data(0xF2);
        }
        int count = 0;
        while ((rig.status() & 1) != 0) {
            rig.answer();
            count++;
        }
        assertThat(count).isEqualTo(16);
    }
}
