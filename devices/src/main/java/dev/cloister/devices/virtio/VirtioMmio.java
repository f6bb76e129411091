package dev.cloister.devices.virtio;

import dev.cloister.devices.InterruptLine;
import dev.cloister.devices.MmioDevice;
import dev.cloister.mmu.GuestMemory;
import java.util.List;
import java.util.function.Supplier;

/**
 * The MMIO transport (virtio 1.2, 4.2), version 2 of its registers only: one window of {@link #BYTES} bytes and one level-triggered line,
 * high while {@code InterruptStatus} isn't 0. Control registers are 32 bits wide and aligned (4.2.2.2): other reads of them give 0, other
 * writes are dropped, as are those of registers that there aren't. Any thread.
 *
 * <p>What ends the use of queues, a status of 0 or a {@code QueueReady} of 0, returns when requests that are being served have ended: drivers
 * don't look again whether it is done.
 */
public final class VirtioMmio implements VirtioTransport, MmioDevice {
    /** How long the window is: a page, so that a guest may hand it out alone. */
    public static final int BYTES = 0x1000;

    private static final int CONFIG = 0x100;
    private static final int QUEUE_FIELDS = 0x80;
    private static final int QUEUE_FIELDS_END = 0xac;
    private static final int AREA_STEP = 0x10;

    private static final int MAGIC_VALUE = 0x000;
    private static final int VERSION = 0x004;
    private static final int DEVICE_ID = 0x008;
    private static final int VENDOR_ID = 0x00c;
    private static final int DEVICE_FEATURES = 0x010;
    private static final int DEVICE_FEATURES_SELECT = 0x014;
    private static final int DRIVER_FEATURES = 0x020;
    private static final int DRIVER_FEATURES_SELECT = 0x024;
    private static final int QUEUE_SELECT = 0x030;
    private static final int QUEUE_SIZE_MAX = 0x034;
    private static final int QUEUE_SIZE = 0x038;
    private static final int QUEUE_READY = 0x044;
    /** Where every queue is rung, by its number. */
    static final int QUEUE_NOTIFY = 0x050;

    private static final int INTERRUPT_STATUS = 0x060;
    private static final int INTERRUPT_ACK = 0x064;
    private static final int STATUS = 0x070;
    private static final int SHARED_FIRST = 0x0b0;
    private static final int SHARED_LAST = 0x0bc;
    private static final int GENERATION = 0x0fc;

    /** "virt". */
    private static final int MAGIC = 0x7472_6976;

    private static final int VENDOR = 0x1af4;
    private static final long ONES = 0xffff_ffffL;

    private final DeviceCore core;
    private final DriverSettings settings;
    private final InterruptCauses causes;
    private final int type;

    /**
     * Puts a device behind a window; nothing runs yet.
     *
     * @param device the device; its configuration has at most {@code BYTES} - 256 bytes
     * @param memory the guest's memory
     * @param line its interrupt line
     * @param bells makes the doorbell of a queue, which belongs to the transport
     * @param gpa where the window will be, guest-physical
     */
    public VirtioMmio(
            VirtioDevice device, GuestMemory memory, InterruptLine line, Supplier<QueueBell> bells, long gpa) {
        this.type = device.traits().type();
        this.causes = new InterruptCauses(line);
        this.core = new DeviceCore(device, memory, new Interrupts(), bells, BellPlaces.BY_VALUE);
        this.settings = new DriverSettings(core);
        core.bellsMoved(gpa + QUEUE_NOTIFY);
    }

    /** The state of the device, whatever the transport. */
    DeviceCore core() {
        return core;
    }

    @Override
    public void start() {
        core.start();
    }

    @Override
    public List<String> notes() {
        return core.notes();
    }

    @Override
    public void close() {
        core.close();
    }

    /** Resets the device as the driver does, and what it had selected. Returns when guest memory isn't touched any more. */
    public void reset() {
        core.resetAndWait();
        synchronized (core) {
            settings.reset();
        }
    }

    private final class Interrupts implements DeviceCore.Interrupts {
        @Override
        public void queue(int vector) {
            causes.add(InterruptCauses.QUEUE);
        }

        @Override
        public void config(int vector) {
            causes.add(InterruptCauses.CONFIG);
        }

        @Override
        public void reset() {
            causes.take();
        }
    }

    @Override
    public long read(long offset, int size) {
        if (offset >= CONFIG) {
            return core.readConfig(offset - CONFIG, size);
        }
        return isRegister(offset, size) ? register((int) offset) : 0;
    }

    private long register(int at) {
        if (at <= VENDOR_ID) {
            return identity(at);
        }
        synchronized (core) {
            return switch (at) {
                case DEVICE_FEATURES -> settings.deviceFeatures();
                case QUEUE_SIZE_MAX, QUEUE_READY -> queue(at);
                case INTERRUPT_STATUS -> causes.now();
                case STATUS -> core.status();
                case GENERATION -> core.generation();
                default -> shared(at);
            };
        }
    }

    /** No device has shared memory: length and address of what isn't there (4.2.2). All else reads 0. */
    private static long shared(int at) {
        return at >= SHARED_FIRST && at <= SHARED_LAST ? ONES : 0;
    }

    private static boolean isRegister(long offset, int size) {
        return size == Integer.BYTES && offset % Integer.BYTES == 0;
    }

    private int identity(int at) {
        return switch (at) {
            case MAGIC_VALUE -> MAGIC;
            case VERSION -> 2;
            case DEVICE_ID -> type;
            default -> VENDOR;
        };
    }

    /** Of a queue that isn't there everything reads 0. */
    private int queue(int at) {
        QueueRegisters queue = settings.queue();
        if (queue == null) {
            return 0;
        }
        return at == QUEUE_SIZE_MAX ? queue.maximum() : queue.enabled ? 1 : 0;
    }

    @Override
    public void write(long offset, int size, long value) {
        if (offset >= CONFIG) {
            core.writeConfig(offset - CONFIG, size, value);
        } else if (isRegister(offset, size)) {
            set((int) offset, (int) value);
        }
    }

    private void set(int at, int value) {
        switch (at) {
            case QUEUE_NOTIFY -> core.ring(value);
            case INTERRUPT_ACK -> causes.acknowledge(value);
            case STATUS -> setStatus(value);
            case QUEUE_READY -> setReady(value);
            default -> {
                synchronized (core) {
                    setUp(at, value);
                }
            }
        }
    }

    private void setStatus(int value) {
        if (value == 0) {
            core.resetAndWait();
        } else {
            core.setStatus(value);
        }
    }

    private void setReady(int value) {
        synchronized (core) {
            QueueRegisters queue = settings.queue();
            if (queue != null && value == 0) {
                core.retire(settings.queueSelect);
            } else if (settings.placeable() != null) {
                queue.enabled = value == 1;
            }
        }
    }

    /** With the core's lock held. */
    private void setUp(int at, int value) {
        switch (at) {
            case DEVICE_FEATURES_SELECT -> settings.deviceFeatureSelect = value;
            case DRIVER_FEATURES_SELECT -> settings.driverFeatureSelect = value;
            case DRIVER_FEATURES -> settings.setDriverFeatures(value);
            case QUEUE_SELECT -> settings.queueSelect = value;
            default -> {
                QueueRegisters queue = settings.placeable();
                if (queue != null) {
                    place(queue, at, value);
                }
            }
        }
    }

    private static void place(QueueRegisters queue, int at, int value) {
        if (at == QUEUE_SIZE) {
            queue.setSize(value);
        } else if (at >= QUEUE_FIELDS && at < QUEUE_FIELDS_END && at % AREA_STEP < Long.BYTES) {
            queue.setHalf((at - QUEUE_FIELDS) / AREA_STEP, at % AREA_STEP / Integer.BYTES, value);
        }
    }
}
