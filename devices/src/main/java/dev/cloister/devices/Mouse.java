package dev.cloister.devices;

/**
 * The mouse at the auxiliary port, which nobody moves: it answers commands and never sends anything else (IBM PS/2 hardware interface
 * technical reference, "Mouse commands"). Its owner locks.
 */
final class Mouse {
    private static final int ACKNOWLEDGE = 0xFA;
    private static final int RESEND = 0xFE;
    private static final int TEST_PASSED = 0xAA;
    private static final int PLAIN = 0x00;
    private static final int DEFAULT_RATE = 100;
    private static final int DEFAULT_RESOLUTION = 2;
    private static final int REMOTE = 0x40;
    private static final int ENABLED = 0x20;
    private static final int DOUBLED = 0x10;
    private static final int NONE = -1;

    private final KeyboardOutput.Port output;
    private int waiting = NONE;
    private int rate;
    private int resolution;
    private int status;
    private boolean wraps;

    Mouse(KeyboardOutput.Port output) {
        this.output = output;
        setDefaults();
    }

    private void setDefaults() {
        rate = DEFAULT_RATE;
        resolution = DEFAULT_RESOLUTION;
        status = 0;
        wraps = false;
    }

    void accept(int value) {
        int command = waiting;
        waiting = NONE;
        if (command == 0xE8) {
            resolution = value;
            output.add(ACKNOWLEDGE);
        } else if (command == 0xF3) {
            rate = value;
            output.add(ACKNOWLEDGE);
        } else if (wraps && value != 0xEC && value != 0xFF) {
            output.add(value);
        } else {
            command(value);
        }
    }

    private void command(int value) {
        switch (value) {
            case 0xE6, 0xE7 -> set(DOUBLED, value == 0xE7);
            case 0xEA, 0xF0 -> set(REMOTE, value == 0xF0);
            case 0xF4, 0xF5 -> set(ENABLED, value == 0xF4);
            case 0xE8, 0xF3 -> { // resolution, sample rate: a parameter follows
                output.add(ACKNOWLEDGE);
                waiting = value;
            }
            default -> ask(value);
        }
    }

    private void set(int bit, boolean on) {
        status = on ? status | bit : status & ~bit;
        output.add(ACKNOWLEDGE);
    }

    private void wrap(boolean on) {
        wraps = on;
        output.add(ACKNOWLEDGE);
    }

    private void ask(int value) {
        switch (value) {
            case 0xE9 -> answer(status, resolution, rate);
            case 0xEC, 0xEE -> wrap(value == 0xEE);
            case 0xEB -> answer(0x08, 0, 0); // a packet: it has not moved
            case 0xF2 -> answer(PLAIN);
            case 0xF6 -> {
                setDefaults();
                answer();
            }
            case 0xFF -> {
                setDefaults();
                answer(TEST_PASSED, PLAIN);
            }
            default -> output.add(RESEND);
        }
    }

    private void answer(int... bytes) {
        output.add(ACKNOWLEDGE);
        for (int each : bytes) {
            output.add(each);
        }
    }
}
