package dev.cloister.devices;

/**
 * Port 0x80: firmware shows its progress codes here, and Linux writes to it to pass a microsecond. Swallowed; the last code is kept
 * for reports.
 */
public final class PostPort implements ByteDevice {
    /** Where it is. */
    public static final int PORT = 0x80;
    /** How many ports it takes. */
    public static final int PORTS = 1;

    private volatile int last;

    /** A port that has seen code 0. */
    public PostPort() {
        // Nothing to set up.
    }

    /**
     * The last code written.
     *
     * @return 0 to 255
     */
    public int last() {
        return last;
    }

    @Override
    public int readByte(int offset) {
        return last;
    }

    @Override
    public void writeByte(int offset, int value) {
        last = value;
    }
}
