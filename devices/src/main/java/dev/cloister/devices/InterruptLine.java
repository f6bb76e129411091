package dev.cloister.devices;

/** One interrupt input of the guest's interrupt controllers, as the device that drives it sees it. */
@FunctionalInterface
public interface InterruptLine {
    /** A line that goes nowhere. */
    InterruptLine NONE = high -> {};

    /**
     * Drives the line. Devices call it only when the level changes, perhaps while they hold their lock: it must not block and must not
     * call back into a device.
     *
     * @param high the new level
     */
    void setLevel(boolean high);
}
