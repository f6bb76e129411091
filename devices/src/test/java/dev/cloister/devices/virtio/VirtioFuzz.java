package dev.cloister.devices.virtio;

import dev.cloister.devices.virtio.block.BlockDevice;
import dev.cloister.devices.virtio.block.BlockStore;
import dev.cloister.devices.virtio.block.DiskSettings;
import dev.cloister.devices.virtio.rng.RngDevice;
import dev.cloister.mmu.GuestMemoryException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * What Jazzer runs; it finds the method by its name. The input is the first bytes of guest memory, where the queue's rings, tables and
 * buffers are; its first byte chooses device and features. Whatever it holds, a device ends with an answer or with a refusal, and ROM
 * stays as it is.
 */
public final class VirtioFuzz {
    private static final long DESCRIPTORS = QueueMemory.RAM + 0x10;
    private static final long AVAILABLE = QueueMemory.RAM + 0x110;
    private static final long USED = QueueMemory.RAM + 0x200;
    private static final int SIZE = 8;

    private VirtioFuzz() {}

    private static final class Nowhere implements BlockStore {
        @Override
        public long bytes() {
            return 1 << 20;
        }

        @Override
        public boolean isReadOnly() {
            return false;
        }

        @Override
        public void read(long offset, MemorySegment[] into, int count) {
            require(offset, into, count);
            for (int i = 0; i < count; i++) {
                into[i].fill((byte) 1);
            }
        }

        @Override
        public void write(long offset, MemorySegment[] from, int count) {
            require(offset, from, count);
        }

        private void require(long offset, MemorySegment[] pieces, int count) {
            long length = 0;
            for (int i = 0; i < count; i++) {
                length += pieces[i].byteSize();
            }
            zero(offset, length, false);
        }

        @Override
        public void flush() {
            // Nothing is kept.
        }

        @Override
        public void discard(long offset, long length) {
            zero(offset, length, true);
        }

        @Override
        public void zero(long offset, long length, boolean unmap) {
            if (offset < 0 || length < 0 || offset > bytes() - length) {
                throw new AssertionError(length + " bytes at " + offset + " of a disk of " + bytes());
            }
        }
    }

    /** Serves the queue that an input holds. */
    public static void fuzzerTestOneInput(byte[] data) {
        if (data.length == 0) {
            return;
        }
        try (QueueMemory m = new QueueMemory()) {
            m.fill(data);
            byte[] before = m.copy();
            boolean disk = (data[0] & 1) != 0;
            VirtioDevice device = disk
                    ? new BlockDevice(new Nowhere(), new DiskSettings("disk", "", 1, 0, 0))
                    : new RngDevice(into -> Arrays.fill(into, (byte) 2));
            long features =
                    ((data[0] & 2) != 0 ? Features.EVENT_IDX : 0) | ((data[0] & 4) != 0 ? Features.INDIRECT_DESC : 0);
            serve(
                    device,
                    new VirtQueue(
                            m.memory, new VirtQueue.Place(SIZE, DESCRIPTORS, AVAILABLE, USED), features, () -> {}));
            byte[] after = m.copy();
            if (Arrays.mismatch(
                            before, QueueMemory.RAM_BYTES, before.length, after, QueueMemory.RAM_BYTES, after.length)
                    >= 0) {
                throw new AssertionError("ROM was written");
            }
        }
    }

    private static void serve(VirtioDevice device, VirtQueue queue) {
        DeviceHost host = new DeviceHost() {
            @Override
            public void wake(int number) {
                // Served once.
            }

            @Override
            public void configChanged() {
                // Nobody looks.
            }

            @Override
            public void note(String text) {
                throw new AssertionError("this store doesn't fail: " + text);
            }
        };
        device.activate(Features.VERSION_1, host);
        try {
            device.notified(0, queue);
            queue.armNotifications();
        } catch (QueueException | GuestMemoryException e) {
            // The transport stops the device.
            device.reset();
        }
    }
}
