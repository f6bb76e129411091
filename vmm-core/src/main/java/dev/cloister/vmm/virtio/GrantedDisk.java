package dev.cloister.vmm.virtio;

import dev.cloister.devices.virtio.block.BlockStore;
import dev.cloister.linux.BlockFile;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Fd;
import dev.cloister.policy.protocol.ChannelConfig;
import dev.cloister.vmm.channel.DeviceEnd;
import dev.cloister.vmm.channel.DeviceLimits;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * A disk that the daemon hands over and takes away: reading and writing are two flows, each with a descriptor of its own that can do
 * nothing else. What isn't there fails as a broken disk does. Any thread.
 */
final class GrantedDisk implements BlockStore {
    private final String name;
    private final @Nullable Side reading;
    private final @Nullable Side writing;
    private volatile long bytes;
    private volatile Runnable onSize = () -> {};

    /**
     * A disk without descriptors.
     *
     * @param name its name in the policy
     * @param readable whether there is a flow to the guest
     * @param writable whether there is a flow from the guest
     */
    GrantedDisk(String name, boolean readable, boolean writable) {
        this.name = name;
        this.reading = readable ? new Side("read") : null;
        this.writing = writable ? new Side("written") : null;
    }

    /** Says who is told that the size has changed; before the first descriptor comes. */
    void onSize(Runnable listener) {
        onSize = listener;
    }

    /** The end of the flow to the guest; null where there is none. */
    @Nullable
    DeviceEnd reading() {
        return reading;
    }

    /** The end of the flow from the guest; null where there is none. */
    @Nullable
    DeviceEnd writing() {
        return writing;
    }

    /** The file's size when it was last handed over; 0 before. */
    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public boolean isReadOnly() {
        return writing == null;
    }

    @Override
    public long pause(boolean write, long length) {
        Side side = write ? writing : reading;
        return side == null ? 0 : side.pause(length);
    }

    @Override
    public void read(long offset, MemorySegment[] into, int count) throws IOException {
        required(reading, "read").transfer(sum(into, count), file -> file.read(offset, into, count));
    }

    @Override
    public void write(long offset, MemorySegment[] from, int count) throws IOException {
        required(writing, "written").transfer(sum(from, count), file -> file.write(offset, from, count));
    }

    /** What only reads has nothing to make durable. */
    @Override
    public void flush() throws IOException {
        Side side = writing;
        if (side != null) {
            side.transfer(0, BlockFile::flush);
        }
    }

    @Override
    public void discard(long offset, long length) throws IOException {
        required(writing, "written").transfer(0, file -> file.discard(offset, length));
    }

    @Override
    public void zero(long offset, long length, boolean unmap) throws IOException {
        required(writing, "written").transfer(0, file -> file.zero(offset, length, unmap));
    }

    private Side required(@Nullable Side side, String what) throws IOException {
        if (side == null) {
            throw new IOException(name + " can't be " + what + ": the policy has no flow for that");
        }
        return side;
    }

    private static long sum(MemorySegment[] segments, int count) {
        long sum = 0;
        for (int i = 0; i < count; i++) {
            sum += segments[i].byteSize();
        }
        return sum;
    }

    private interface Work {
        void on(BlockFile file) throws IOException;
    }

    /** One direction. Transfers hold the lock shared, so that whoever takes the file away has waited for them. */
    private final class Side implements DeviceEnd {
        private final String done;
        private final ReadWriteLock lock = new ReentrantReadWriteLock();
        private final AtomicLong moved = new AtomicLong();
        private final AtomicLong refused = new AtomicLong();
        private volatile @Nullable DeviceLimits limits;
        private @Nullable BlockFile file;

        Side(String done) {
            this.done = done;
        }

        long pause(long length) {
            DeviceLimits bounds = limits;
            return bounds == null ? 0 : bounds.take(length);
        }

        @Override
        public void configure(ChannelConfig channel) {
            limits = new DeviceLimits(channel);
        }

        void transfer(long length, Work work) throws IOException {
            lock.readLock().lock();
            try {
                BlockFile there = file;
                if (there == null) {
                    throw new IOException(name + " can't be " + done + ": its flow is closed");
                }
                DeviceLimits bounds = limits;
                if (bounds != null && !bounds.admit(length)) {
                    refused.addAndGet(length);
                    throw new IOException(name + " can't be " + done + ": its flow's quota is used up");
                }
                work.on(there);
                moved.addAndGet(length);
            } finally {
                lock.readLock().unlock();
            }
        }

        @Override
        public void attach(List<Fd> fds) throws ErrnoException {
            BlockFile taken = BlockFile.own(fds.removeFirst(), name);
            lock.writeLock().lock();
            try {
                file = taken;
            } finally {
                lock.writeLock().unlock();
            }
            if (bytes != taken.bytes()) {
                bytes = taken.bytes();
                onSize.run();
            }
        }

        @Override
        public void sever() {
            lock.writeLock().lock();
            try {
                BlockFile there = file;
                file = null;
                if (there != null) {
                    there.close();
                }
            } finally {
                lock.writeLock().unlock();
            }
        }

        @Override
        public long units() {
            return moved.get();
        }

        @Override
        public long refused() {
            return refused.get();
        }
    }
}
