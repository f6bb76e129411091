package dev.cloister.devices.virtio;

import dev.cloister.devices.virtio.balloon.BalloonDevice;
import dev.cloister.devices.virtio.block.BlockDevice;
import dev.cloister.devices.virtio.block.BlockStore;
import dev.cloister.devices.virtio.block.DiskSettings;
import dev.cloister.devices.virtio.pmem.PmemDevice;
import dev.cloister.devices.virtio.rng.RngDevice;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** A device as the fuzzer knows it: itself, with a host's side that the input plays. */
interface FuzzTarget extends AutoCloseable {
    /** Makes the device; its host's side calls {@link FuzzBench#meanwhile}. */
    VirtioDevice device(FuzzBench bench);

    /** Something happens on the host's side. */
    default void event(FuzzBench bench) {
        // Most hosts do nothing of their own accord.
    }

    /** Whether there is a driver that knows the protocol: the methods below. */
    default boolean speaks() {
        return false;
    }

    /** The driver says something, most often what the protocol has at this point. */
    default void speak(FuzzBench bench) {
        // Nothing to say.
    }

    /** The driver looks at what the device has answered, and judges it if it has been polite. */
    default void listen(FuzzBench bench) {
        // As above.
    }

    /** The driver begins anew: the device was reset. */
    default void restarted(FuzzBench bench) {
        // As above.
    }

    /** Everybody gives what the other side needs; then nothing may be left undone. */
    default void settle(FuzzBench bench) {
        // As above.
    }

    @Override
    default void close() {
        // Most hold nothing.
    }

    /** The names of all. */
    static String[] names() {
        return new String[] {"rng", "block", "vsock", "balloon", "pmem", "net", "console"};
    }

    /** A fresh target. */
    static FuzzTarget of(String name) {
        return switch (name) {
            case "rng" ->
                bench -> new RngDevice(into -> {
                    bench.meanwhile();
                    Arrays.fill(into, (byte) 2);
                });
            case "block" -> bench -> new BlockDevice(new Store(bench), new DiskSettings("disk", "", 2, 0, 0));
            case "pmem" ->
                bench -> new PmemDevice("pmem", QueueMemory.ROM, 4096, () -> {
                    bench.meanwhile();
                    if (bench.next() % 4 == 0) {
                        throw new IOException("no flush today");
                    }
                });
            case "balloon" -> new Balloon();
            case "vsock" -> new FuzzSockets();
            case "net" -> new FuzzNet();
            case "console" -> new FuzzConsole();
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** A balloon whose operator changes its mind. */
    final class Balloon implements FuzzTarget {
        private BalloonDevice device;

        @Override
        public VirtioDevice device(FuzzBench bench) {
            device = new BalloonDevice(bench::release, QueueMemory.RAM_BYTES, _ -> bench.meanwhile());
            return device;
        }

        @Override
        public void event(FuzzBench bench) {
            if (bench.next() % 2 == 0) {
                device.askForStatistics();
            } else {
                device.setTarget(bench.next() % 17 * 4096L);
            }
        }
    }

    /** A disk of 1 MiB that keeps nothing and fails now and then. */
    final class Store implements BlockStore {
        private final FuzzBench bench;

        Store(FuzzBench bench) {
            this.bench = bench;
        }

        @Override
        public long bytes() {
            return 1 << 20;
        }

        @Override
        public boolean isReadOnly() {
            return false;
        }

        @Override
        public void read(long offset, MemorySegment[] into, int count) throws IOException {
            require(offset, into, count);
            for (int i = 0; i < count; i++) {
                into[i].fill((byte) 1);
            }
        }

        @Override
        public void write(long offset, MemorySegment[] from, int count) throws IOException {
            require(offset, from, count);
        }

        private void require(long offset, MemorySegment[] pieces, int count) throws IOException {
            long length = 0;
            for (int i = 0; i < count; i++) {
                length += pieces[i].byteSize();
            }
            zero(offset, length, false);
        }

        @Override
        public void flush() throws IOException {
            zero(0, 0, false);
        }

        @Override
        public void discard(long offset, long length) throws IOException {
            zero(offset, length, true);
        }

        @Override
        public void zero(long offset, long length, boolean unmap) throws IOException {
            bench.meanwhile();
            if (offset < 0 || length < 0 || offset > bytes() - length) {
                throw new AssertionError(length + " bytes at " + offset + " of a disk of " + bytes());
            }
            if (bench.next() % 8 == 1) {
                throw new IOException("the disk has failed");
            }
        }
    }
}
