package dev.cloister.devices.virtio;

import dev.cloister.devices.InterruptLine;
import dev.cloister.devices.MmioDevice;
import dev.cloister.mmu.GuestMemory;

/** A transport as the fuzzer's driver uses it. */
interface FuzzTransport {
    /** Writes one of the transport's registers: offset, bytes, value. */
    interface Writer {
        void set(int register, int size, long value);
    }

    VirtioTransport transport();

    DeviceCore core();

    /** Behind the transport's range. */
    MmioDevice registers();

    /** How much of the range is worth trying. */
    int reach();

    /** Whether a reset may come while a request is served: one that waits for its end can't come from the thread that serves. */
    boolean mayReset();

    /** The same of a write to a register. */
    boolean mayInterrupt(int register);

    void status(Writer out, int value);

    void accept(Writer out, long features);

    void place(Writer out, int queue, int size, long descriptors);

    void bell(Writer out, int queue);

    /** The transport of a kind. */
    static FuzzTransport of(boolean mmio, VirtioDevice device, GuestMemory memory) {
        return mmio
                ? new OverMmio(new VirtioMmio(device, memory, InterruptLine.NONE, QueueBell::parking, 0xD000_0000L))
                : new OverPci(new VirtioPci(device, memory, (_, _) -> {}));
    }

    /** PCI, 4.1.4. */
    record OverPci(VirtioPci transport) implements FuzzTransport {
        private static final int STATUS = 0x14;

        @Override
        public DeviceCore core() {
            return transport.core();
        }

        @Override
        public MmioDevice registers() {
            return transport.registers();
        }

        @Override
        public int reach() {
            return 0x6000;
        }

        @Override
        public boolean mayReset() {
            return true;
        }

        @Override
        public boolean mayInterrupt(int register) {
            return true;
        }

        @Override
        public void status(Writer out, int value) {
            out.set(STATUS, 1, value);
        }

        @Override
        public void accept(Writer out, long features) {
            for (int half = 0; half < 2; half++) {
                out.set(8, 4, half);
                out.set(0xc, 4, features >>> 32 * half);
            }
        }

        @Override
        public void place(Writer out, int queue, int size, long descriptors) {
            out.set(0x16, 2, queue);
            out.set(0x18, 2, size);
            out.set(0x20, 8, descriptors);
            out.set(0x28, 8, descriptors + FuzzBench.AVAILABLE);
            out.set(0x30, 8, descriptors + FuzzBench.USED);
            out.set(0x1c, 2, 1);
        }

        @Override
        public void bell(Writer out, int queue) {
            out.set(0x3000 + 4 * queue, 2, 0);
        }
    }

    /** MMIO, 4.2.2. */
    record OverMmio(VirtioMmio transport) implements FuzzTransport {
        private static final int STATUS = 0x70;
        private static final int QUEUE_READY = 0x44;

        @Override
        public DeviceCore core() {
            return transport.core();
        }

        @Override
        public MmioDevice registers() {
            return transport;
        }

        @Override
        public int reach() {
            return 0x180;
        }

        @Override
        public boolean mayReset() {
            return false;
        }

        @Override
        public boolean mayInterrupt(int register) {
            return register != STATUS && register != QUEUE_READY;
        }

        @Override
        public void status(Writer out, int value) {
            out.set(STATUS, 4, value);
        }

        @Override
        public void accept(Writer out, long features) {
            for (int half = 0; half < 2; half++) {
                out.set(0x24, 4, half);
                out.set(0x20, 4, features >>> 32 * half);
            }
        }

        @Override
        public void place(Writer out, int queue, int size, long descriptors) {
            out.set(0x30, 4, queue);
            out.set(0x38, 4, size);
            long[] areas = {descriptors, descriptors + FuzzBench.AVAILABLE, descriptors + FuzzBench.USED};
            for (int area = 0; area < areas.length; area++) {
                out.set(0x80 + 0x10 * area, 4, areas[area]);
                out.set(0x84 + 0x10 * area, 4, areas[area] >>> 32);
            }
            out.set(QUEUE_READY, 4, 1);
        }

        @Override
        public void bell(Writer out, int queue) {
            out.set(0x50, 4, queue);
        }
    }
}
