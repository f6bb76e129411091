package dev.cloister.devices;

/**
 * The keyboard at the far end of the controller: it answers commands and never sends a key (IBM PS/2 hardware interface technical
 * reference, "Keyboard commands"). Its owner locks.
 */
final class Keyboard {
    private static final int ACKNOWLEDGE = 0xFA;
    private static final int RESEND = 0xFE;
    private static final int ECHO = 0xEE;
    private static final int TEST_PASSED = 0xAA;
    private static final int DEFAULT_SCAN_CODES = 2;
    private static final int NONE = -1;

    private final KeyboardOutput.Port output;
    private int waiting = NONE;
    private int scanCodes = DEFAULT_SCAN_CODES;
    private int lastSent = ACKNOWLEDGE;

    Keyboard(KeyboardOutput.Port output) {
        this.output = output;
    }

    void accept(int value) {
        int command = waiting;
        waiting = NONE;
        if (command == NONE) {
            command(value);
        } else {
            parameter(command, value);
        }
    }

    private void command(int value) {
        switch (value) {
            case 0xED, 0xF0, 0xF3 -> { // indicators, scan codes, repeat rate: a parameter follows
                send(ACKNOWLEDGE);
                waiting = value;
            }
            case 0xF2, 0xF4, 0xF5, 0xF6, 0xFF -> {
                send(ACKNOWLEDGE);
                answer(value);
            }
            default -> rare(value);
        }
    }

    private void rare(int value) {
        switch (value) {
            case RESEND -> output.add(lastSent);
            case ECHO -> send(ECHO);
            default -> send(RESEND);
        }
    }

    /** What follows the acknowledgement; nothing after enable, disable and set defaults. */
    private void answer(int command) {
        if (command == 0xF2) { // identify: an MF2 keyboard
            send(0xAB);
            send(0x83);
        } else if (command == 0xFF) { // reset
            scanCodes = DEFAULT_SCAN_CODES;
            send(TEST_PASSED);
        }
    }

    private void parameter(int command, int value) {
        send(ACKNOWLEDGE);
        if (command == 0xF0) {
            if (value == 0) {
                send(scanCodes);
            } else if (value <= 3) {
                scanCodes = value;
            }
        }
    }

    private void send(int value) {
        lastSent = value;
        output.add(value);
    }
}
