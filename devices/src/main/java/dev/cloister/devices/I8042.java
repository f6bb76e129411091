package dev.cloister.devices;

import java.util.Objects;

/**
 * The keyboard controller with its data register at port 0x60 and status and command at port 0x64, and a keyboard that nobody types
 * on: enough for firmware and kernels that look for it, and for those that reset the machine through it (IBM Personal Computer AT
 * technical reference, "Keyboard controller"; IBM PS/2 hardware interface technical reference, "Keyboard and auxiliary device
 * controller").
 *
 * <p>There is no auxiliary (mouse) port: its test reports a clock line stuck low, and its loopback answers on the keyboard's channel.
 * The A20 gate is kept and read back but does not change what memory the guest sees. {@link #systemControl} is port 0x92, which drives
 * the same gate and can reset as well (Intel ICH9 data sheet, 13.7.3).
 *
 * <p>Safe for use by several threads. The output queue holds 16 bytes; what a guest makes the controller answer beyond that is lost.
 */
public final class I8042 {
    /** Where {@link #data} belongs. */
    public static final int DATA_PORT = 0x60;
    /** Where {@link #command} belongs. */
    public static final int COMMAND_PORT = 0x64;
    /** Where {@link #systemControl} belongs. */
    public static final int SYSTEM_CONTROL_PORT = 0x92;
    /** How many ports each of them takes. */
    public static final int PORTS = 1;
    /** Its interrupt line. */
    public static final int IRQ = 1;

    private static final int STATUS_OUTPUT_FULL = 0x01;
    private static final int STATUS_SYSTEM = 0x04;
    private static final int STATUS_COMMAND = 0x08;
    private static final int STATUS_NOT_LOCKED = 0x10;
    private static final int MODE_INTERRUPT = 0x01;
    private static final int MODE_SYSTEM = 0x04;
    private static final int MODE_KEYBOARD_OFF = 0x10;
    private static final int MODE_AUXILIARY_OFF = 0x20;
    private static final int MODE_TRANSLATE = 0x40;
    private static final int PORT_NOT_RESET = 0x01;
    private static final int PORT_A20 = 0x02;
    private static final int PORT_OUTPUT_FULL = 0x10;
    private static final int PORT_IDLE = 0xCC;
    private static final int CONTROL_RESET = 0x01;
    private static final int CONTROL_A20 = 0x02;
    private static final int QUEUE_BYTES = 16;
    private static final int RAM_BYTES = 32;
    private static final int NO_PARAMETER = -1;

    private final MachineControl machine;
    private final InterruptLine line;
    private final ByteFifo output = new ByteFifo(QUEUE_BYTES);
    private final Keyboard keyboard = new Keyboard(output);
    private final byte[] ram = new byte[RAM_BYTES];
    /** The command that waits for its parameter at the data port. */
    private int waiting = NO_PARAMETER;

    private boolean lastWasCommand;
    private boolean a20 = true;
    private int lastRead;
    private boolean high;

    /**
     * A controller as firmware finds it: self-test not done, A20 open.
     *
     * @param machine what it resets
     * @param line its interrupt line
     */
    public I8042(MachineControl machine, InterruptLine line) {
        this.machine = Objects.requireNonNull(machine);
        this.line = Objects.requireNonNull(line);
        ram[0] = MODE_KEYBOARD_OFF | MODE_AUXILIARY_OFF;
    }

    /**
     * The data register.
     *
     * @return a device of one port
     */
    public PortDevice data() {
        return new ByteDevice() {
            @Override
            public int readByte(int offset) {
                return readData();
            }

            @Override
            public void writeByte(int offset, int value) {
                finish(writeData(value));
            }
        };
    }

    /**
     * The status and command register.
     *
     * @return a device of one port
     */
    public PortDevice command() {
        return new ByteDevice() {
            @Override
            public int readByte(int offset) {
                return status();
            }

            @Override
            public void writeByte(int offset, int value) {
                finish(writeCommand(value));
            }
        };
    }

    /**
     * System control port A: bit 0 resets as it goes from 0 to 1, bit 1 is the A20 gate.
     *
     * @return a device of one port
     */
    public PortDevice systemControl() {
        return new SystemControl();
    }

    /**
     * Puts all three on a bus at their usual ports.
     *
     * @param bus the bus
     */
    public void attachTo(PortBus bus) {
        bus.attach(DATA_PORT, PORTS, data(), "i8042 data");
        bus.attach(COMMAND_PORT, PORTS, command(), "i8042 command");
        bus.attach(SYSTEM_CONTROL_PORT, PORTS, systemControl(), "system control port A");
    }

    /**
     * Whether the guest has the A20 gate open.
     *
     * @return the gate's state
     */
    public synchronized boolean isA20Open() {
        return a20;
    }

    private final class SystemControl implements ByteDevice {
        private boolean resetBit;

        @Override
        public int readByte(int offset) {
            synchronized (I8042.this) {
                return (a20 ? CONTROL_A20 : 0) | (resetBit ? CONTROL_RESET : 0);
            }
        }

        @Override
        public void writeByte(int offset, int value) {
            boolean fires;
            synchronized (I8042.this) {
                boolean now = (value & CONTROL_RESET) != 0;
                fires = now && !resetBit;
                resetBit = now;
                a20 = (value & CONTROL_A20) != 0;
            }
            finish(fires);
        }
    }

    /** Resets outside the lock. */
    private void finish(boolean reset) {
        if (reset) {
            machine.reset();
        }
    }

    private synchronized int status() {
        return STATUS_NOT_LOCKED
                | (output.isEmpty() ? 0 : STATUS_OUTPUT_FULL)
                | ((ram[0] & MODE_SYSTEM) != 0 ? STATUS_SYSTEM : 0)
                | (lastWasCommand ? STATUS_COMMAND : 0);
    }

    private synchronized int readData() {
        if (!output.isEmpty()) {
            lastRead = output.take() & 0xFF;
            // The line falls between bytes: each of them is an edge of its own.
            drive(false);
            update();
        }
        return lastRead;
    }

    private synchronized boolean writeData(int value) {
        lastWasCommand = false;
        int command = waiting;
        waiting = NO_PARAMETER;
        boolean reset = false;
        if (command == NO_PARAMETER) {
            ram[0] &= (byte) ~MODE_KEYBOARD_OFF;
            keyboard.accept(value);
        } else {
            reset = parameter(command, value);
        }
        update();
        return reset;
    }

    private boolean parameter(int command, int value) {
        switch (command) {
            case 0xD1 -> {
                a20 = (value & PORT_A20) != 0;
                return (value & PORT_NOT_RESET) == 0;
            }
            case 0xD2, 0xD3 -> output.add((byte) value);
            case 0xD4 -> {
                // Nothing listens on the auxiliary port.
            }
            default -> ram[command & (RAM_BYTES - 1)] = (byte) value;
        }
        return false;
    }

    private synchronized boolean writeCommand(int command) {
        lastWasCommand = true;
        waiting = NO_PARAMETER;
        boolean reset = false;
        switch (command >>> 5) {
            case 1 -> output.add(ram[command & (RAM_BYTES - 1)]);
            case 3 -> waiting = command;
            case 5 -> control(command);
            case 6 -> ports(command);
            case 7 -> reset = pulse(command);
            default -> {
                // Not assigned.
            }
        }
        update();
        return reset;
    }

    /** Commands 0xA0 to 0xBF. */
    private void control(int command) {
        switch (command) {
            case 0xA4 -> output.add((byte) 0xF1); // no password
            case 0xA7 -> ram[0] |= MODE_AUXILIARY_OFF;
            case 0xA8 -> ram[0] &= (byte) ~MODE_AUXILIARY_OFF;
            case 0xA9 -> output.add((byte) 0x01); // auxiliary clock line stuck low
            case 0xAA -> selfTest();
            case 0xAB -> output.add((byte) 0x00); // keyboard interface: no error
            case 0xAD -> ram[0] |= MODE_KEYBOARD_OFF;
            case 0xAE -> ram[0] &= (byte) ~MODE_KEYBOARD_OFF;
            default -> {
                // Not assigned.
            }
        }
    }

    private void selfTest() {
        output.clear();
        ram[0] = MODE_SYSTEM | MODE_KEYBOARD_OFF | MODE_AUXILIARY_OFF | MODE_TRANSLATE;
        output.add((byte) 0x55);
    }

    /** Commands 0xC0 to 0xDF. */
    private void ports(int command) {
        switch (command) {
            case 0xC0 -> output.add((byte) 0x80); // input port: keyboard not locked
            case 0xD0 -> output.add((byte) outputPort());
            case 0xD1, 0xD2, 0xD3, 0xD4 -> waiting = command;
            case 0xDD, 0xDF -> a20 = command == 0xDF;
            default -> {
                // Not assigned.
            }
        }
    }

    private int outputPort() {
        return PORT_IDLE | PORT_NOT_RESET | (a20 ? PORT_A20 : 0) | (output.isEmpty() ? 0 : PORT_OUTPUT_FULL);
    }

    /** Commands 0xE0 to 0xFF: from 0xF0 on, output lines whose bit is 0 are pulsed low, and line 0 is the processor's reset. */
    private boolean pulse(int command) {
        if (command == 0xE0) {
            output.add((byte) 0x00); // test inputs: both lines low
        }
        return command >= 0xF0 && (command & PORT_NOT_RESET) == 0;
    }

    private void update() {
        drive(!output.isEmpty() && (ram[0] & MODE_INTERRUPT) != 0);
    }

    private void drive(boolean now) {
        if (now != high) {
            high = now;
            line.setLevel(now);
        }
    }
}
