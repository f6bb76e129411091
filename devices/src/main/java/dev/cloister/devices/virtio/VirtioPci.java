package dev.cloister.devices.virtio;

import dev.cloister.devices.MmioDevice;
import dev.cloister.devices.pci.MsiSink;
import dev.cloister.devices.pci.MsiX;
import dev.cloister.devices.pci.PciBar;
import dev.cloister.devices.pci.PciFunction;
import dev.cloister.devices.pci.PciIds;
import dev.cloister.mmu.GuestMemory;
import java.util.List;
import java.util.function.Supplier;

/**
 * The PCI transport (virtio 1.2, 4.1), modern only: one range of registers, MSI-X with a vector for the configuration and one for each
 * queue, or interrupt pin A. Any thread. Owns the threads of the queues.
 */
public final class VirtioPci implements VirtioTransport {
    private static final int VENDOR = 0x1af4;
    private static final int FIRST_DEVICE = 0x1040;
    private static final int SUBSYSTEM = 0x1100;
    private static final int REVISION = 1;

    private static final int BAR = 0;
    private static final int BAR_BYTES = 0x8000;
    private static final int BLOCK_SHIFT = 12;
    private static final int BLOCK_BYTES = 1 << BLOCK_SHIFT;
    private static final int ISR_AT = 0x1000;
    private static final int DEVICE_AT = 0x2000;
    private static final int NOTIFY_AT = 0x3000;
    private static final int TABLE_AT = 0x4000;
    private static final int PENDING_AT = 0x5000;
    private static final int NOTIFY_STEP = 4;

    private final DeviceCore core;
    private final MsiX msix;
    private final PciFunction function;
    private final MmioDevice[] blocks;
    private final Registers registers = new Registers();
    private final InterruptCauses isr = new InterruptCauses(high -> function().setInterrupt(high));

    /**
     * Puts a device behind a function; nothing runs yet.
     *
     * @param device the device
     * @param memory the guest's memory
     * @param sink where message-signalled interrupts go
     */
    public VirtioPci(VirtioDevice device, GuestMemory memory, MsiSink sink) {
        this(device, memory, sink, QueueBell::parking);
    }

    /**
     * As the other, with doorbells that a host may ring.
     *
     * @param device the device
     * @param memory the guest's memory
     * @param sink where message-signalled interrupts go
     * @param bells makes the doorbell of a queue, which belongs to the transport
     */
    public VirtioPci(VirtioDevice device, GuestMemory memory, MsiSink sink, Supplier<QueueBell> bells) {
        DeviceTraits traits = device.traits();
        int vectors = traits.queues() + 1;
        msix = new MsiX(vectors, BAR, TABLE_AT, PENDING_AT, sink);
        core = new DeviceCore(device, memory, new Interrupts(), bells, NOTIFY_STEP);
        CommonConfig common = new CommonConfig(core, vectors);
        blocks = new MmioDevice[] {common, new Isr(), new DeviceConfig(), new Notify(), msix.table(), msix.pendingBits()
        };
        PciIds ids = new PciIds(VENDOR, FIRST_DEVICE + traits.type(), VENDOR, SUBSYSTEM, traits.classCode(), REVISION);
        function = PciFunction.builder(ids)
                .bar(new PciBar(BAR, false, false, BAR_BYTES, registers, this::moved))
                .capability(msix)
                .capability(new VendorCapability(VendorCapability.COMMON, BAR, 0, CommonConfig.BYTES))
                .capability(new VendorCapability(VendorCapability.ISR, BAR, ISR_AT, 1))
                .capability(new VendorCapability(VendorCapability.DEVICE, BAR, DEVICE_AT, BLOCK_BYTES))
                .capability(new VendorCapability(
                        VendorCapability.NOTIFY, BAR, NOTIFY_AT, NOTIFY_STEP * traits.queues(), NOTIFY_STEP))
                .capability(new ConfigAccess(BAR, registers, BAR_BYTES))
                .interruptPin()
                .onReset(() -> {
                    core.resetAndWait();
                    common.reset();
                })
                .build();
    }

    private void moved(long gpa) {
        core.bellsMoved(gpa < 0 ? QueueBell.NOWHERE : gpa + NOTIFY_AT);
    }

    /**
     * The function, to be attached to the bus.
     *
     * @return always the same
     */
    public PciFunction function() {
        return function;
    }

    /** What is behind the transport's range, for who needs no bus. */
    MmioDevice registers() {
        return registers;
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

    /** With MSI-X a message to the vector, without it the pin, down again when the driver has read the ISR (4.1.4.5). */
    private final class Interrupts implements DeviceCore.Interrupts {
        @Override
        public void queue(int vector) {
            raise(vector, InterruptCauses.QUEUE);
        }

        @Override
        public void config(int vector) {
            raise(vector, InterruptCauses.CONFIG);
        }

        private void raise(int vector, int cause) {
            if (msix.isEnabled()) {
                msix.signal(vector);
            } else {
                isr.add(cause);
            }
        }

        @Override
        public void reset() {
            isr.take();
        }
    }

    /** The whole range, in blocks of 4 KiB. */
    private final class Registers implements MmioDevice {
        @Override
        public long read(long offset, int size) {
            int block = (int) (offset >>> BLOCK_SHIFT);
            long at = offset & BLOCK_BYTES - 1;
            return block < blocks.length && at + size <= BLOCK_BYTES ? blocks[block].read(at, size) : 0;
        }

        @Override
        public void write(long offset, int size, long value) {
            int block = (int) (offset >>> BLOCK_SHIFT);
            long at = offset & BLOCK_BYTES - 1;
            if (block < blocks.length && at + size <= BLOCK_BYTES) {
                blocks[block].write(at, size, value);
            }
        }
    }

    private final class Isr implements MmioDevice {
        @Override
        public long read(long offset, int size) {
            return offset == 0 ? isr.take() : 0;
        }

        @Override
        public void write(long offset, int size, long value) {
            // Read-only.
        }
    }

    private final class DeviceConfig implements MmioDevice {
        @Override
        public long read(long offset, int size) {
            return core.readConfig(offset, size);
        }

        @Override
        public void write(long offset, int size, long value) {
            core.writeConfig(offset, size, value);
        }
    }

    /** The address says which queue; what is written is ignored. */
    private final class Notify implements MmioDevice {
        @Override
        public long read(long offset, int size) {
            return 0;
        }

        @Override
        public void write(long offset, int size, long value) {
            core.ring((int) offset / NOTIFY_STEP);
        }
    }
}
