package dev.cloister.vmm.virtio;

import dev.cloister.devices.virtio.net.MacAddress;
import dev.cloister.devices.virtio.net.NetSettings;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Tap;

/**
 * A network device of a machine, its other end open. Whoever holds it closes the port, unless a machine was made with it: that closes it
 * then.
 *
 * @param port where its frames go
 * @param look the rest
 */
public record NetConfig(TapPort port, Look look) {
    /**
     * What can be chosen about a network device whose port isn't open yet, checked.
     *
     * @param address its address
     * @param mtu the most bytes of a frame's payload that the guest is told to make, 68 to 65535, or 0 to say nothing
     * @param bytesPerSecond limit in each direction, or 0 for none
     */
    public record Look(MacAddress address, int mtu, long bytesPerSecond) {
        /**
         * Checks the values.
         *
         * @throws IllegalArgumentException if one is wrong; the message says which
         */
        public Look {
            NetSettings checked = new NetSettings("network", address, mtu, bytesPerSecond);
            mtu = checked.mtu();
        }

        /**
         * The look of a device on a tap.
         *
         * @param tap the interface's name
         * @param address its address as {@link MacAddress#parse} reads it; empty for one that belongs to the tap's name
         * @param mtu as {@link #mtu}
         * @param bytesPerSecond as {@link #bytesPerSecond}
         * @return the look
         * @throws IllegalArgumentException if the name can't be an interface's, or a value is wrong; the message says which
         */
        public static Look of(String tap, String address, int mtu, long bytesPerSecond) {
            if (!Tap.isName(tap)) {
                throw new IllegalArgumentException("'" + tap + "' can't be the name of a tap");
            }
            return new Look(address.isEmpty() ? MacAddress.of(tap) : MacAddress.parse(address), mtu, bytesPerSecond);
        }
    }

    /**
     * Opens a tap of the host.
     *
     * @param name the interface's name
     * @param offloads whether guest and host may leave checksums and segments to each other
     * @param look the rest
     * @return the device, its tap open
     * @throws ErrnoException if it can't be opened; the message says what to do
     * @throws IllegalArgumentException if it can't be an interface's name
     */
    public static NetConfig openTap(String name, boolean offloads, Look look) throws ErrnoException {
        return new NetConfig(new TapPort(Tap.open(name), offloads), look);
    }

    NetSettings settings(int number) {
        return new NetSettings("network " + number, look.address(), look.mtu(), look.bytesPerSecond());
    }
}
