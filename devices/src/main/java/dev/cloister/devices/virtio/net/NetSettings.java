package dev.cloister.devices.virtio.net;

/**
 * How a network device is shown to the guest.
 *
 * @param name what it is called in messages and threads
 * @param address its address
 * @param mtu the most bytes of a frame's payload that the driver is told to make, 68 to 65535, or 0 to say nothing
 * @param bytesPerSecond limit for frames sent, and as much again for frames received, or 0 for none
 */
public record NetSettings(String name, MacAddress address, int mtu, long bytesPerSecond) {
    /** The least that IPv4 asks of a link (RFC 791), and virtio of a device (5.1.4.1). */
    public static final int MIN_MTU = 68;

    /** The most. */
    public static final int MAX_MTU = 65535;

    /**
     * Checks the values.
     *
     * @param name what it is called
     * @param address its address
     * @param mtu the most bytes of a frame's payload
     * @param bytesPerSecond limit
     * @throws IllegalArgumentException if one is wrong; the message says which
     */
    public NetSettings {
        if (mtu != 0 && (mtu < MIN_MTU || mtu > MAX_MTU)) {
            throw new IllegalArgumentException("mtu " + mtu + ": expected " + MIN_MTU + " to " + MAX_MTU);
        }
        if (bytesPerSecond < 0) {
            throw new IllegalArgumentException(
                    "network limit of " + bytesPerSecond + " bytes a second; expected 0 or more");
        }
    }
}
