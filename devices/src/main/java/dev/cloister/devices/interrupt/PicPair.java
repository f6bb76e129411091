package dev.cloister.devices.interrupt;

/** The two 8259As of a PC, the second on the first one's pin 2. Not thread-safe: the chips' lock guards it. */
final class PicPair {
    static final int FIRST_PORT = 0x20;
    static final int SECOND_PORT = 0xA0;
    static final int ELCR_PORT = 0x4D0;
    static final int PINS = 16;

    private static final int PINS_EACH = 8;
    private static final int CASCADE = 2;
    /** Timer, keyboard and cascade are always edge-triggered (Intel ICH9 data sheet, 13.4.10). */
    private static final int FIRST_ELCR = 0xf8;
    /** So are clock and coprocessor error (13.4.11). */
    private static final int SECOND_ELCR = 0xde;

    private final Pic8259 first = new Pic8259(FIRST_ELCR, 1 << CASCADE);
    private final Pic8259 second = new Pic8259(SECOND_ELCR, 0);

    void setLine(int pin, boolean high) {
        if (pin < PINS_EACH) {
            first.setLine(pin, high);
        } else {
            second.setLine(pin - PINS_EACH, high);
            cascade();
        }
    }

    private void cascade() {
        first.follow(CASCADE, second.pending() >= 0);
    }

    /** Whether INTR is high. */
    boolean output() {
        return first.pending() >= 0;
    }

    /** The interrupt acknowledge cycle: the vector, also where the request has gone meanwhile. */
    int acknowledge() {
        int pin = first.acknowledge();
        if (pin != CASCADE) {
            return first.vector(pin);
        }
        int vector = second.vector(second.acknowledge());
        cascade();
        return vector;
    }

    int read(boolean ofSecond, int port) {
        int value = (ofSecond ? second : first).read(port);
        cascade();
        return value;
    }

    void write(boolean toSecond, int port, int value) {
        (toSecond ? second : first).write(port, value);
        cascade();
    }

    int elcr(int chip) {
        return (chip == 0 ? first : second).elcr();
    }

    void setElcr(int chip, int value) {
        (chip == 0 ? first : second).setElcr(value);
    }
}
