package dev.cloister.devices.virtio.net;

import java.util.HexFormat;
import java.util.Locale;

/**
 * The address of one Ethernet station.
 *
 * @param bits its 48 bits, the first byte on the wire being the highest
 */
public record MacAddress(long bits) {
    private static final int BYTES = 6;
    private static final int GROUP_BIT = 40;
    private static final int LOCAL_BIT = 41;

    /**
     * Checks the address.
     *
     * @param bits its 48 bits
     * @throws IllegalArgumentException if a station can't have it: a group's address, zero, or more than 48 bits
     */
    public MacAddress {
        if (bits <= 0 || bits >>> BYTES * Byte.SIZE != 0 || (bits >>> GROUP_BIT & 1) != 0) {
            throw new IllegalArgumentException("address " + Long.toHexString(bits)
                    + " can't be a station's; expected 48 bits, not all zero, the first byte even");
        }
    }

    /**
     * Reads the usual form.
     *
     * @param text as {@code 52:54:00:12:34:56}
     * @return the address
     * @throws IllegalArgumentException if it has another form or can't be a station's; the message says so
     */
    public static MacAddress parse(String text) {
        if (!text.matches("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}")) {
            throw new IllegalArgumentException("'" + text + "' is no address; expected a form like 52:54:00:12:34:56");
        }
        try {
            return new MacAddress(HexFormat.fromHexDigitsToLong(text.replace(":", "")));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "'" + text + "' can't be a station's address; its first byte must be even, and not all zero", e);
        }
    }

    /**
     * An address of local administration (IEEE 802, 8.2) that always belongs to the same name.
     *
     * @param name any text
     * @return 46 bits made from the name
     */
    public static MacAddress of(String name) {
        // FNV-1a, 64 bits: equal on every host and in every version, which String.hashCode would be too, but for 32.
        long hash = 0xcbf2_9ce4_8422_2325L;
        for (int i = 0; i < name.length(); i++) {
            hash = (hash ^ name.charAt(i)) * 0x100_0000_01b3L;
        }
        long low = (hash ^ hash >>> BYTES * Byte.SIZE) & (1L << BYTES * Byte.SIZE) - 1;
        return new MacAddress(low & ~(1L << GROUP_BIT) | 1L << LOCAL_BIT);
    }

    /** A byte as it stands on the wire. */
    int octet(int index) {
        return (int) (bits >>> Byte.SIZE * (BYTES - 1 - index)) & 0xff;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < BYTES; i++) {
            text.append(i == 0 ? "" : ":").append(String.format(Locale.ROOT, "%02x", octet(i)));
        }
        return text.toString();
    }
}
