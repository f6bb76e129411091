package dev.cloister.devices.virtio;

/** What a device model may ask of its transport. Any thread. */
public interface DeviceHost {
    /**
     * Has a queue served again, because something other than the guest has made that useful.
     *
     * @param queue its number
     */
    void wake(int queue);

    /** The device's configuration has changed: the driver is told. */
    void configChanged();

    /**
     * Says something to the operator, once; a bounded number is kept.
     *
     * @param text one line without the device's name
     */
    void note(String text);
}
