package dev.cloister.devices.virtio;

/**
 * What a driver reaches by selecting it first: halves of the features, and the queues, whatever the transport. With the core's lock held.
 */
final class DriverSettings {
    private final DeviceCore core;
    /** Which half of the features that are offered is read. */
    int deviceFeatureSelect;
    /** Which half of the features that are accepted is read and written. */
    int driverFeatureSelect;
    /** Which queue is read and written. */
    int queueSelect;

    DriverSettings(DeviceCore core) {
        this.core = core;
    }

    /** Nothing is selected any more. */
    void reset() {
        deviceFeatureSelect = 0;
        driverFeatureSelect = 0;
        queueSelect = 0;
    }

    /** The selected half of what is offered; 0 of halves that there are not. */
    long deviceFeatures() {
        return half(core.offered(), deviceFeatureSelect);
    }

    /** The selected half of what the driver has accepted. */
    long driverFeatures() {
        return half(core.driverFeatures, driverFeatureSelect);
    }

    /** What is agreed on stays. */
    void setDriverFeatures(int value) {
        if ((core.status() & DeviceCore.FEATURES_OK) != 0 || driverFeatureSelect >>> 1 != 0) {
            return;
        }
        int shift = Integer.SIZE * driverFeatureSelect;
        core.driverFeatures = core.driverFeatures & ~(0xffff_ffffL << shift) | (value & 0xffff_ffffL) << shift;
    }

    /** The selected queue, or null if the device hasn't so many. */
    QueueRegisters queue() {
        return Integer.compareUnsigned(queueSelect, core.registers.length) < 0 ? core.registers[queueSelect] : null;
    }

    /** The selected queue if the driver may still place it, else null: a ring can't be moved while it is in use. */
    QueueRegisters placeable() {
        QueueRegisters queue = queue();
        return queue == null || queue.enabled || !core.isSetUp() ? null : queue;
    }

    /** The low half of a value for 0, the high one for 1, else 0. */
    static long half(long value, int select) {
        return switch (select) {
            case 0 -> value & 0xffff_ffffL;
            case 1 -> value >>> Integer.SIZE;
            default -> 0;
        };
    }
}
