package dev.cloister.devices.virtio;

import dev.cloister.devices.MmioDevice;

/**
 * The common configuration structure (virtio 1.2, 4.1.4.3). Fields are accessed with their own size, 64-bit ones also as two halves
 * (4.1.3.1); other reads give 0 and other writes are dropped. Any thread.
 */
final class CommonConfig implements MmioDevice {
    static final int BYTES = 0x3c;

    private static final int DEVICE_FEATURE_SELECT = 0x00;
    private static final int DEVICE_FEATURE = 0x04;
    private static final int DRIVER_FEATURE_SELECT = 0x08;
    private static final int DRIVER_FEATURE = 0x0c;
    private static final int CONFIG_VECTOR = 0x10;
    private static final int NUM_QUEUES = 0x12;
    private static final int STATUS = 0x14;
    private static final int GENERATION = 0x15;
    private static final int QUEUE_SELECT = 0x16;
    private static final int QUEUE_SIZE = 0x18;
    private static final int QUEUE_VECTOR = 0x1a;
    private static final int QUEUE_ENABLE = 0x1c;
    private static final int QUEUE_NOTIFY_OFFSET = 0x1e;
    private static final int QUEUE_DESCRIPTORS = 0x20;
    private static final int QUEUE_NOTIFY_DATA = 0x38;

    private final DeviceCore core;
    private final int vectors;
    private final DriverSettings settings;

    CommonConfig(DeviceCore core, int vectors) {
        this.core = core;
        this.vectors = vectors;
        this.settings = new DriverSettings(core);
    }

    /** Nothing is selected any more. */
    void reset() {
        synchronized (core) {
            settings.reset();
        }
    }

    /** How long the field at an offset is; 0 between fields. Halves of 64-bit fields count as fields. */
    private static int width(int offset) {
        if (offset < CONFIG_VECTOR || offset >= QUEUE_DESCRIPTORS && offset < QUEUE_NOTIFY_DATA) {
            return offset % Integer.BYTES == 0 ? Integer.BYTES : 0;
        }
        if (offset == STATUS || offset == GENERATION) {
            return 1;
        }
        return offset % Short.BYTES == 0 ? Short.BYTES : 0;
    }

    @Override
    public long read(long offset, int size) {
        int at = (int) offset;
        synchronized (core) {
            if (isWhole(at, size)) {
                QueueRegisters queue = settings.queue();
                return queue == null ? 0 : queue.area(area(at));
            }
            if (size != width(at)) {
                return 0;
            }
            return at < QUEUE_SIZE ? deviceField(at) : queueField(at);
        }
    }

    private long deviceField(int at) {
        return switch (at) {
            case DEVICE_FEATURE_SELECT -> settings.deviceFeatureSelect;
            case DEVICE_FEATURE -> settings.deviceFeatures();
            case DRIVER_FEATURE_SELECT -> settings.driverFeatureSelect;
            case DRIVER_FEATURE -> settings.driverFeatures();
            case CONFIG_VECTOR -> core.configVector;
            case NUM_QUEUES -> core.registers.length;
            case STATUS -> core.status();
            case GENERATION -> core.generation();
            case QUEUE_SELECT -> settings.queueSelect;
            default -> 0;
        };
    }

    /** Of a queue that isn't there everything reads 0, its size above all (4.1.4.3.2). */
    private long queueField(int at) {
        QueueRegisters queue = settings.queue();
        if (queue == null) {
            return at == QUEUE_VECTOR ? QueueRegisters.NO_VECTOR : 0;
        }
        return switch (at) {
            case QUEUE_SIZE -> queue.size;
            case QUEUE_VECTOR -> queue.vector;
            case QUEUE_ENABLE -> queue.enabled ? 1 : 0;
            case QUEUE_NOTIFY_OFFSET, QUEUE_NOTIFY_DATA -> settings.queueSelect;
            default -> isQueueAddress(at) ? DriverSettings.half(queue.area(area(at)), half(at)) : 0;
        };
    }

    private static boolean isQueueAddress(int at) {
        return at >= QUEUE_DESCRIPTORS && at < QUEUE_NOTIFY_DATA;
    }

    private static boolean isWhole(int at, int size) {
        return size == Long.BYTES && isQueueAddress(at) && at % Long.BYTES == 0;
    }

    private static int half(int at) {
        return at % Long.BYTES / Integer.BYTES;
    }

    /** Which area a queue's address is of. */
    private static int area(int at) {
        return (at - QUEUE_DESCRIPTORS) / Long.BYTES;
    }

    @Override
    public void write(long offset, int size, long value) {
        int at = (int) offset;
        synchronized (core) {
            if (isWhole(at, size)) {
                QueueRegisters queue = settings.placeable();
                if (queue != null) {
                    queue.setArea(area(at), -1, value);
                }
            } else if (size == width(at)) {
                if (at < QUEUE_SIZE) {
                    setDeviceField(at, (int) value);
                } else {
                    setQueueField(at, (int) value);
                }
            }
        }
    }

    private void setDeviceField(int at, int value) {
        switch (at) {
            case DEVICE_FEATURE_SELECT -> settings.deviceFeatureSelect = value;
            case DRIVER_FEATURE_SELECT -> settings.driverFeatureSelect = value;
            case DRIVER_FEATURE -> settings.setDriverFeatures(value);
            case CONFIG_VECTOR -> core.configVector = vector(value);
            case STATUS -> core.setStatus(value);
            case QUEUE_SELECT -> settings.queueSelect = value;
            default -> {
                // Read-only.
            }
        }
    }

    /** A vector that the device hasn't reads back as none (4.1.5.1.2). */
    private int vector(int value) {
        return value < vectors ? value : QueueRegisters.NO_VECTOR;
    }

    private void setQueueField(int at, int value) {
        QueueRegisters queue = settings.queue();
        if (at == QUEUE_VECTOR && queue != null) {
            queue.vector = vector(value);
        } else if (settings.placeable() != null) {
            setPlace(settings.placeable(), at, value);
        }
    }

    private static void setPlace(QueueRegisters queue, int at, int value) {
        switch (at) {
            case QUEUE_SIZE -> queue.setSize(value);
            case QUEUE_ENABLE -> queue.enabled = value == 1;
            case QUEUE_VECTOR, QUEUE_NOTIFY_OFFSET, QUEUE_NOTIFY_DATA -> {
                // Read-only, or set elsewhere.
            }
            default -> {
                if (isQueueAddress(at)) {
                    queue.setHalf(area(at), half(at), value);
                }
            }
        }
    }
}
