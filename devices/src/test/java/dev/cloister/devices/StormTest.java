package dev.cloister.devices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import dev.cloister.devices.timer.Reminder;
import java.lang.management.ManagementFactory;
import java.time.Clock;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A guest that writes and reads at random, on a bus with every device. */
class StormTest {
    private static final int[] BASES = {
        0x60, 0x64, 0x70, 0x71, 0x80, 0x92, 0xE9, 0xF4, 0x3F8, 0x3F9, 0x3FA, 0x3FB, 0x3FC, 0x3FD, 0x402, 0x604, 0xB004,
        0xCF9,
    };

    private final Recorder line = new Recorder();
    private final int[] asked = new int[3];
    private final MachineControl machine = new MachineControl() {
        @Override
        public void powerOff() {
            asked[0]++;
        }

        @Override
        public void reset() {
            asked[1]++;
        }

        @Override
        public void debugExit(int value) {
            asked[2]++;
        }
    };
    private final Serial16550 serial = new Serial16550(ByteSink.NONE, line);
    private final PortBus bus = new PortBus();

    StormTest() {
        bus.attach(Serial16550.COM1_PORT, Serial16550.PORTS, serial, "com1");
        bus.attach(DebugPort.BOCHS_PORT, DebugPort.PORTS, new DebugPort(ByteSink.NONE), "debug");
        bus.attach(DebugPort.FIRMWARE_PORT, DebugPort.PORTS, new DebugPort(ByteSink.NONE), "firmware debug");
        bus.attach(PostPort.PORT, PostPort.PORTS, new PostPort(), "post");
        bus.attach(ResetControl.PORT, ResetControl.PORTS, new ResetControl(machine), "reset");
        bus.attach(DebugExit.PORT, DebugExit.PORTS, new DebugExit(machine), "debug exit");
        bus.attach(PowerOffPort.Q35_PORT, PowerOffPort.PORTS, new PowerOffPort(machine), "power off");
        bus.attach(PowerOffPort.BOCHS_PORT, PowerOffPort.PORTS, new PowerOffPort(machine), "old power off");
        new I8042(machine, InterruptLine.NONE, InterruptLine.NONE).attachTo(bus);
        Cmos.Machine description = new Cmos.Machine(1 << 28, 0, 2);
        bus.attach(
                Cmos.PORT,
                Cmos.PORTS,
                new Cmos(description, Clock.systemUTC(), InterruptLine.NONE, Reminder.Source.NONE),
                "cmos");
    }

    private void storm(Random random, int accesses) {
        for (int i = 0; i < accesses; i++) {
            int port = random.nextInt(8) == 0 ? random.nextInt() : BASES[random.nextInt(BASES.length)];
            int size = 1 << random.nextInt(3);
            if (random.nextBoolean()) {
                long value = bus.read(port, size);
                if (value >>> (8 * size) != 0) {
                    throw new AssertionError("port " + port + " gave " + value + " for " + size + " bytes");
                }
            } else {
                bus.write(port, size, random.nextLong());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void noDeviceThrows(long seed) {
        Random random = new Random(seed);
        byte[] input = new byte[64];
        for (int i = 0; i < 500; i++) {
            random.nextBytes(input);
            serial.offerInput(input);
            storm(random, 500);
        }
        assertThat(bus.failures()).isEmpty();
        assertThat(asked).doesNotContain(0);
        assertThat(bus.unclaimedReads()).isPositive();
    }

    @Test
    void aStormWithoutTheClockAllocatesNothing() {
        bus.detach(Cmos.PORT);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        assumeTrue(threads.isThreadAllocatedMemorySupported(), "this JVM does not count what a thread allocates");
        Random random = new Random(5);
        storm(random, 50_000);
        long before = threads.getCurrentThreadAllocatedBytes();
        storm(random, 50_000);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(allocated).isLessThan(4096);
    }
}
