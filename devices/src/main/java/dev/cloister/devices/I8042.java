package dev.cloister.devices;

import java.util.Objects;

/**
 * The keyboard controller with its data register at port 0x60 and status and command at port 0x64, a keyboard that nobody types on and
 * a mouse that nobody moves: enough for firmware and kernels that look for it, and for those that reset the machine through it (IBM Personal Computer AT
 * technical reference, "Keyboard controller"; IBM PS/2 hardware interface technical reference, "Keyboard and auxiliary device
 * controller").
 *
 * <p>The A20 gate is kept and read back but does not change what memory the guest sees. {@link #systemControl} is port 0x92, which drives
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
    /** The keyboard's interrupt line. */
    public static final int IRQ = 1;
    /** The auxiliary port's, which is the mouse's. */
    public static final int AUXILIARY_IRQ = 12;

    private static final int STATUS_OUTPUT_FULL = 0x01;
    private static final int STATUS_SYSTEM = 0x04;
    private static final int STATUS_COMMAND = 0x08;
    private static final int STATUS_NOT_LOCKED = 0x10;
    private static final int STATUS_AUXILIARY = 0x20;
    private static final int MODE_INTERRUPT = 0x01;
    private static final int MODE_AUXILIARY_INTERRUPT = 0x02;
    private static final int MODE_SYSTEM = 0x04;
    private static final int MODE_KEYBOARD_OFF = 0x10;
    private static final int MODE_AUXILIARY_OFF = 0x20;
    private static final int MODE_TRANSLATE = 0x40;
    private static final int PORT_NOT_RESET = 0x01;
    private static final int PORT_A20 = 0x02;
    private static final int PORT_OUTPUT_FULL = 0x10;
    private static final int PORT_AUXILIARY_FULL = 0x20;
    private static final int PORT_IDLE = 0xCC;
    private static final int CONTROL_RESET = 0x01;
    private static final int CONTROL_A20 = 0x02;
    private static final int RAM_BYTES = 32;
    private static final int NO_PARAMETER = -1;

    private final MachineControl machine;
    private final Level line;
    private final Level auxiliaryLine;
    private final KeyboardOutput output = new KeyboardOutput();
    private final Keyboard keyboard = new Keyboard(output.keyboard());
    private final Mouse mouse = new Mouse(output.auxiliary());
    private final byte[] ram = new byte[RAM_BYTES];
    /** The command that waits for its parameter at the data port. */
    private int waiting = NO_PARAMETER;

    private boolean lastWasCommand;
    private boolean a20 = true;
    private int lastRead;

    /** An interrupt line that is told of changes only. */
    private static final class Level {
        private final InterruptLine line;
        private boolean high;

        Level(InterruptLine line) {
            this.line = Objects.requireNonNull(line);
        }

        void drive(boolean now) {
            if (now != high) {
                high = now;
                line.setLevel(now);
            }
        }
    }

    /**
     * A controller as firmware finds it: self-test not done, A20 open.
     *
     * @param machine what it resets
     * @param line the keyboard's interrupt line
     * @param auxiliaryLine the mouse's
     */
    public I8042(MachineControl machine, InterruptLine line, InterruptLine auxiliaryLine) {
        this.machine = Objects.requireNonNull(machine);
        this.line = new Level(line);
        this.auxiliaryLine = new Level(auxiliaryLine);
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
                | (output.isAuxiliary() ? STATUS_AUXILIARY : 0)
                | ((ram[0] & MODE_SYSTEM) != 0 ? STATUS_SYSTEM : 0)
                | (lastWasCommand ? STATUS_COMMAND : 0);
    }

    private synchronized int readData() {
        if (!output.isEmpty()) {
            lastRead = output.take();
            // The lines fall between bytes: each of them is an edge of its own.
            line.drive(false);
            auxiliaryLine.drive(false);
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
            case 0xD2 -> output.keyboard().add(value);
            case 0xD3 -> output.auxiliary().add(value);
            case 0xD4 -> mouse.accept(value);
            default -> ram[command & (RAM_BYTES - 1)] = (byte) value;
        }
        return false;
    }

    private synchronized boolean writeCommand(int command) {
        lastWasCommand = true;
        waiting = NO_PARAMETER;
        boolean reset = false;
        switch (command >>> 5) {
            case 1 -> say(ram[command & (RAM_BYTES - 1)]);
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
            case 0xA4 -> say(0xF1); // no password
            case 0xA7 -> ram[0] |= MODE_AUXILIARY_OFF;
            case 0xA8 -> ram[0] &= (byte) ~MODE_AUXILIARY_OFF;
            case 0xA9 -> say(0x00); // auxiliary interface: no error
            case 0xAA -> selfTest();
            case 0xAB -> say(0x00); // keyboard interface: no error
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
        say(0x55);
    }

    private void say(int value) {
        output.keyboard().add(value);
    }

    /** Commands 0xC0 to 0xDF. */
    private void ports(int command) {
        switch (command) {
            case 0xC0 -> say(0x80); // input port: keyboard not locked
            case 0xD0 -> say(outputPort());
            case 0xD1, 0xD2, 0xD3, 0xD4 -> waiting = command;
            case 0xDD, 0xDF -> a20 = command == 0xDF;
            default -> {
                // Not assigned.
            }
        }
    }

    private int outputPort() {
        int full = output.isAuxiliary() ? PORT_AUXILIARY_FULL : PORT_OUTPUT_FULL;
        return PORT_IDLE | PORT_NOT_RESET | (a20 ? PORT_A20 : 0) | (output.isEmpty() ? 0 : full);
    }

    /** Commands 0xE0 to 0xFF: from 0xF0 on, output lines whose bit is 0 are pulsed low, and line 0 is the processor's reset. */
    private boolean pulse(int command) {
        if (command == 0xE0) {
            say(0x00); // test inputs: both lines low
        }
        return command >= 0xF0 && (command & PORT_NOT_RESET) == 0;
    }

    private void update() {
        boolean auxiliary = output.isAuxiliary();
        line.drive(!output.isEmpty() && !auxiliary && (ram[0] & MODE_INTERRUPT) != 0);
        auxiliaryLine.drive(auxiliary && (ram[0] & MODE_AUXILIARY_INTERRUPT) != 0);
    }
}
