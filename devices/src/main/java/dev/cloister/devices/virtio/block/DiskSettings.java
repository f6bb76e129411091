package dev.cloister.devices.virtio.block;

import java.nio.charset.StandardCharsets;

/**
 * How a disk is shown to the guest.
 *
 * @param name what it is called in messages and threads
 * @param serial what the guest reads as its identity: up to 20 printable ASCII characters, perhaps none
 * @param queues how many queues, 1 to 64
 * @param bytesPerSecond limit for data read and written, or 0 for none
 * @param requestsPerSecond limit for requests, or 0 for none
 */
public record DiskSettings(String name, String serial, int queues, long bytesPerSecond, long requestsPerSecond) {
    /** The longest serial. */
    public static final int SERIAL_BYTES = 20;

    private static final int MAX_QUEUES = 64;

    /**
     * Checks the values.
     *
     * @param name what it is called
     * @param serial its identity
     * @param queues how many queues
     * @param bytesPerSecond limit for data
     * @param requestsPerSecond limit for requests
     */
    public DiskSettings {
        boolean printable = serial.chars().allMatch(c -> c > ' ' && c < 0x7f);
        if (!printable || serial.length() > SERIAL_BYTES) {
            throw new IllegalArgumentException("disk serial \"" + serial + "\": expected up to " + SERIAL_BYTES
                    + " printable ASCII characters without blanks");
        }
        if (queues < 1 || queues > MAX_QUEUES) {
            throw new IllegalArgumentException(queues + " disk queues; expected 1 to " + MAX_QUEUES);
        }
        if (bytesPerSecond < 0 || requestsPerSecond < 0) {
            throw new IllegalArgumentException("disk limits of " + bytesPerSecond + " bytes and " + requestsPerSecond
                    + " requests a second; expected 0 or more");
        }
    }

    /** The serial as the guest gets it: padded with zeros. */
    byte[] serialBytes() {
        byte[] bytes = new byte[SERIAL_BYTES];
        byte[] text = serial.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(text, 0, bytes, 0, text.length);
        return bytes;
    }
}
