package dev.cloister.devices.pci;

/** Where message-signalled interrupts go: the APICs' bus. */
@FunctionalInterface
public interface MsiSink {
    /** Messages to nobody. */
    MsiSink NONE = (_, _) -> {};

    /**
     * Delivers a message (Intel SDM vol. 3, 11.11). Any thread; must not block and must not call back into a device.
     *
     * @param address guest-physical address that the device writes: destination and how it is meant
     * @param data what it writes: vector and delivery mode
     */
    void send(long address, int data);
}
