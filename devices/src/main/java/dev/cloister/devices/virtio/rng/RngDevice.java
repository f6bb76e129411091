package dev.cloister.devices.virtio.rng;

import dev.cloister.devices.virtio.Chain;
import dev.cloister.devices.virtio.ConfigSpace;
import dev.cloister.devices.virtio.DeviceHost;
import dev.cloister.devices.virtio.DeviceTraits;
import dev.cloister.devices.virtio.VirtQueue;
import dev.cloister.devices.virtio.VirtioDevice;

/** The entropy device (virtio 1.2, 5.4). */
public final class RngDevice implements VirtioDevice {
    private static final int TYPE = 4;
    private static final int CLASS = 0xff0000;
    private static final int QUEUE_SIZE = 64;
    /** A driver that asks for more gets this much of it: one request can't keep the thread busy for long. */
    private static final int MAX_BYTES = 64 << 10;

    private static final int BUFFER_BYTES = 4096;

    /** Where random bytes come from. */
    @FunctionalInterface
    public interface Source {
        /**
         * Fills an array.
         *
         * @param into receives unpredictable bytes
         */
        void fill(byte[] into);
    }

    private final DeviceTraits traits = new DeviceTraits(TYPE, "rng", CLASS, 1, QUEUE_SIZE);
    private final ConfigSpace config = new ConfigSpace(0);
    private final Source source;
    private final Chain chain = new Chain();
    private final byte[] buffer = new byte[BUFFER_BYTES];

    /**
     * A device.
     *
     * @param source where its bytes come from; called on the queue's thread
     */
    public RngDevice(Source source) {
        this.source = source;
    }

    @Override
    public DeviceTraits traits() {
        return traits;
    }

    @Override
    public long features() {
        return 0;
    }

    @Override
    public ConfigSpace config() {
        return config;
    }

    @Override
    public void activate(long features, DeviceHost host) {
        // Nothing to set up.
    }

    @Override
    public void notified(int number, VirtQueue queue) {
        while (queue.pop(chain)) {
            long wanted = Math.min(chain.writableBytes(), MAX_BYTES);
            long done = 0;
            while (done < wanted) {
                int step = (int) Math.min(wanted - done, BUFFER_BYTES);
                source.fill(buffer);
                chain.write(done, buffer, 0, step);
                done += step;
            }
            queue.push(chain, done);
        }
    }

    @Override
    public void reset() {
        // Nothing is kept.
    }
}
