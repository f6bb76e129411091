package dev.cloister.devices;

/** Learns that a device model failed: a defect of ours, brought out by the guest. */
@FunctionalInterface
public interface DeviceFailureListener {
    /** Ignores failures; the bus still counts and keeps them. */
    DeviceFailureListener NONE = failure -> {};

    /**
     * A device threw. Called once per device, on the vCPU thread, after the bus has taken the device out of service. The usual answer
     * is to stop the guest with a report. It must not throw.
     *
     * @param failure what happened
     */
    void failed(DeviceFailure failure);
}
