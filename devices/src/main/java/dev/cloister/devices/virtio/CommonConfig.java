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
    private static final int QUEUE_DRIVER = 0x28;
    private static final int QUEUE_DEVICE = 0x30;
    private static final int QUEUE_NOTIFY_DATA = 0x38;

    private final DeviceCore core;
    private final int vectors;
    private int deviceFeatureSelect;
    private int driverFeatureSelect;
    private int queueSelect;

    CommonConfig(DeviceCore core, int vectors) {
        this.core = core;
        this.vectors = vectors;
    }

    /** Nothing is selected any more. */
    void reset() {
        synchronized (core) {
            deviceFeatureSelect = 0;
            driverFeatureSelect = 0;
            queueSelect = 0;
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
            if (size == Long.BYTES && isQueueAddress(at)) {
                return queueAddress(at);
            }
            if (size != width(at)) {
                return 0;
            }
            return at < QUEUE_SIZE ? deviceField(at) : queueField(at);
        }
    }

    private long deviceField(int at) {
        return switch (at) {
            case DEVICE_FEATURE_SELECT -> deviceFeatureSelect;
            case DEVICE_FEATURE -> half(core.offered(), deviceFeatureSelect);
            case DRIVER_FEATURE_SELECT -> driverFeatureSelect;
            case DRIVER_FEATURE -> half(core.driverFeatures, driverFeatureSelect);
            case CONFIG_VECTOR -> core.configVector;
            case NUM_QUEUES -> core.registers.length;
            case STATUS -> core.status();
            case GENERATION -> core.generation();
            case QUEUE_SELECT -> queueSelect;
            default -> 0;
        };
    }

    private static long half(long value, int select) {
        return switch (select) {
            case 0 -> value & 0xffff_ffffL;
            case 1 -> value >>> Integer.SIZE;
            default -> 0;
        };
    }

    private QueueRegisters selected() {
        return queueSelect < core.registers.length ? core.registers[queueSelect] : null;
    }

    /** Of a queue that isn't there everything reads 0, its size above all (4.1.4.3.2). */
    private long queueField(int at) {
        QueueRegisters queue = selected();
        if (queue == null) {
            return at == QUEUE_VECTOR ? QueueRegisters.NO_VECTOR : 0;
        }
        return switch (at) {
            case QUEUE_SIZE -> queue.size;
            case QUEUE_VECTOR -> queue.vector;
            case QUEUE_ENABLE -> queue.enabled ? 1 : 0;
            case QUEUE_NOTIFY_OFFSET, QUEUE_NOTIFY_DATA -> queueSelect;
            default -> half(queueAddress(at & -Long.BYTES), at % Long.BYTES / Integer.BYTES);
        };
    }

    private static boolean isQueueAddress(int at) {
        return at == QUEUE_DESCRIPTORS || at == QUEUE_DRIVER || at == QUEUE_DEVICE;
    }

    private long queueAddress(int at) {
        QueueRegisters queue = selected();
        if (queue == null) {
            return 0;
        }
        return switch (at) {
            case QUEUE_DESCRIPTORS -> queue.descriptors;
            case QUEUE_DRIVER -> queue.available;
            case QUEUE_DEVICE -> queue.used;
            default -> 0;
        };
    }

    @Override
    public void write(long offset, int size, long value) {
        int at = (int) offset;
        synchronized (core) {
            if (size == Long.BYTES && isQueueAddress(at)) {
                setQueueAddress(at, -1, value);
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
            case DEVICE_FEATURE_SELECT -> deviceFeatureSelect = value;
            case DRIVER_FEATURE_SELECT -> driverFeatureSelect = value;
            case DRIVER_FEATURE -> setDriverFeatures(value);
            case CONFIG_VECTOR -> core.configVector = vector(value);
            case STATUS -> core.setStatus(value);
            case QUEUE_SELECT -> queueSelect = value;
            default -> {
                // Read-only.
            }
        }
    }

    private void setDriverFeatures(int value) {
        if ((core.status() & DeviceCore.FEATURES_OK) != 0 || driverFeatureSelect >>> 1 != 0) {
            return;
        }
        int shift = Integer.SIZE * driverFeatureSelect;
        core.driverFeatures = core.driverFeatures & ~(0xffff_ffffL << shift) | (value & 0xffff_ffffL) << shift;
    }

    /** A vector that the device hasn't reads back as none (4.1.5.1.2). */
    private int vector(int value) {
        return value < vectors ? value : QueueRegisters.NO_VECTOR;
    }

    private void setQueueField(int at, int value) {
        QueueRegisters queue = selected();
        if (queue == null) {
            return;
        }
        if (at == QUEUE_VECTOR) {
            queue.vector = vector(value);
            return;
        }
        if (queue.enabled || !core.isSetUp()) {
            // A ring can't be moved while it is in use.
            return;
        }
        switch (at) {
            case QUEUE_SIZE -> queue.setSize(value);
            case QUEUE_ENABLE -> queue.enabled = value == 1;
            case QUEUE_NOTIFY_OFFSET, QUEUE_NOTIFY_DATA -> {
                // Read-only.
            }
            default -> {
                int shift = at % Long.BYTES * Byte.SIZE;
                setQueueAddress(at & -Long.BYTES, 0xffff_ffffL << shift, (value & 0xffff_ffffL) << shift);
            }
        }
    }

    private void setQueueAddress(int at, long mask, long value) {
        QueueRegisters queue = selected();
        if (queue == null || queue.enabled || !core.isSetUp()) {
            return;
        }
        switch (at) {
            case QUEUE_DESCRIPTORS -> queue.descriptors = queue.descriptors & ~mask | value;
            case QUEUE_DRIVER -> queue.available = queue.available & ~mask | value;
            case QUEUE_DEVICE -> queue.used = queue.used & ~mask | value;
            default -> {
                // Not an address.
            }
        }
    }
}
