package dev.cloister.devices.ivshmem;

import dev.cloister.devices.MmioDevice;
import dev.cloister.devices.pci.MsiSink;
import dev.cloister.devices.pci.MsiX;
import dev.cloister.devices.pci.PciBar;
import dev.cloister.devices.pci.PciFunction;
import dev.cloister.devices.pci.PciIds;

/**
 * An ivshmem function of revision 1: registers in BAR 0, MSI-X with one vector in BAR 1, the memory in BAR 2. Decoding is on from the
 * beginning, as firmware leaves such functions, because programs map the memory without a driver. Any thread; allocates nothing once
 * it is made.
 *
 * <p>Beyond the specification: as long as the guest has not enabled MSI-X, status and mask drive interrupt pin A as in revision 0, so that
 * drivers that know nothing but pins can wait; the mask begins closed. And the registers' reserved part, from {@link #INFO_OFFSET} on,
 * tells what the memory is.
 */
public final class IvshmemFunction {
    /** Bytes of the registers' range. */
    public static final int REGISTERS_BYTES = 256;

    /** Where the specification's registers end. */
    public static final int INFO_OFFSET = 0x10;

    private static final PciIds IDS = new PciIds(0x1af4, 0x1110, 0x1af4, 0x1100, 0x050000, 1);
    private static final int REGISTERS_BAR = 0;
    private static final int VECTORS_BAR = 1;
    private static final int VECTORS_BYTES = 4096;
    private static final int PENDING_AT = VECTORS_BYTES / 2;
    private static final int MEMORY_BAR = 2;

    private static final int MASK = 0x0;
    private static final int STATUS = 0x4;
    private static final int POSITION = 0x8;
    private static final int DOORBELL = 0xC;
    private static final int FROM_PEER = 1;

    private final int position;
    private final IvshmemPeer peer;
    private final MmioDevice info;
    private final MsiX msix;
    private final PciFunction function;
    private final Object lock = new Object();
    private int mask;
    private int status;

    /**
     * A function, to be attached to the bus.
     *
     * @param position what the guest reads as its own number, 0 to 65535
     * @param memory what lies in BAR 2
     * @param info what answers reads of BAR 0 from {@link #INFO_OFFSET} on; offsets are BAR 0's
     * @param peer who gets the doorbell's rings
     * @param sink where message-signalled interrupts go
     */
    public IvshmemFunction(int position, IvshmemMemory memory, MmioDevice info, IvshmemPeer peer, MsiSink sink) {
        this.position = position;
        this.peer = peer;
        this.info = info;
        msix = new MsiX(1, VECTORS_BAR, 0, PENDING_AT, sink);
        function = PciFunction.builder(IDS)
                .bar(new PciBar(REGISTERS_BAR, false, REGISTERS_BYTES, new Registers()))
                .bar(new PciBar(VECTORS_BAR, false, VECTORS_BYTES, new Vectors()))
                .bar(new PciBar(MEMORY_BAR, true, true, memory.rangeBytes(), memory.device(), memory.placement()))
                .capability(msix)
                .interruptPin()
                .decoding()
                .onReset(this::reset)
                .build();
    }

    /**
     * The function.
     *
     * @return always the same
     */
    public PciFunction function() {
        return function;
    }

    /** The peer has signalled: vector 0, or the status bit and perhaps the pin. Does not wait. */
    public void interrupt() {
        if (msix.isEnabled()) {
            msix.signal(0);
            return;
        }
        synchronized (lock) {
            status |= FROM_PEER;
            drivePin();
        }
    }

    private void reset() {
        synchronized (lock) {
            mask = 0;
            status = 0;
        }
        peer.reset();
    }

    private void drivePin() {
        function.setInterrupt((status & mask) != 0);
    }

    private int takeStatus() {
        synchronized (lock) {
            int value = status;
            status = 0;
            drivePin();
            return value;
        }
    }

    private int mask() {
        synchronized (lock) {
            return mask;
        }
    }

    private void setMask(int value) {
        synchronized (lock) {
            mask = value & FROM_PEER;
            drivePin();
        }
    }

    private void setStatus(int value) {
        synchronized (lock) {
            status = value & FROM_PEER;
            drivePin();
        }
    }

    /** BAR 0; the specification's registers answer whole words only. */
    private final class Registers implements MmioDevice {
        @Override
        public long read(long offset, int size) {
            if (offset >= INFO_OFFSET) {
                return info.read(offset, size);
            }
            if (size != Integer.BYTES) {
                return 0;
            }
            return switch ((int) offset) {
                case MASK -> mask();
                case STATUS -> takeStatus();
                case POSITION -> position;
                default -> 0;
            };
        }

        @Override
        public void write(long offset, int size, long value) {
            if (size != Integer.BYTES) {
                return;
            }
            switch ((int) offset) {
                case MASK -> setMask((int) value);
                case STATUS -> setStatus((int) value);
                case DOORBELL -> peer.ring((int) value >>> Short.SIZE, (int) value & 0xffff);
                default -> {
                    // Read-only or nothing.
                }
            }
        }
    }

    /** BAR 1: the vector table, and the pending bits in the second half. */
    private final class Vectors implements MmioDevice {
        private final MmioDevice table = msix.table();
        private final MmioDevice pending = msix.pendingBits();

        @Override
        public long read(long offset, int size) {
            if (offset + size <= PENDING_AT) {
                return table.read(offset, size);
            }
            return offset >= PENDING_AT ? pending.read(offset - PENDING_AT, size) : 0;
        }

        @Override
        public void write(long offset, int size, long value) {
            if (offset + size <= PENDING_AT) {
                table.write(offset, size, value);
            }
        }
    }
}
