package dev.cloister.devices.virtio.block;

import dev.cloister.devices.virtio.ConfigSpace;
import dev.cloister.devices.virtio.DeviceHost;
import dev.cloister.devices.virtio.DeviceTraits;
import dev.cloister.devices.virtio.TokenBucket;
import dev.cloister.devices.virtio.VirtQueue;
import dev.cloister.devices.virtio.VirtioDevice;

/**
 * The block device (virtio 1.2, 5.2): read, write, flush, discard, write zeroes, identity; several queues. Each queue's thread serves
 * one request at a time, straight between guest memory and the store. A driver that doesn't take the flush feature gets every write
 * made durable before it is told that the write is done (5.2.6.2).
 */
public final class BlockDevice implements VirtioDevice {
    /** Bytes of a sector, the unit of the protocol. */
    public static final int SECTOR = 512;

    static final int MAX_RANGES = 16;
    static final int QUEUE_SIZE = 256;

    private static final int TYPE = 2;
    private static final int CLASS = 0x018000;
    private static final int CONFIG_BYTES = 60;

    private static final long SEG_MAX = 1L << 2;
    private static final long READ_ONLY = 1L << 5;
    private static final long BLK_SIZE = 1L << 6;
    private static final long FLUSH = 1L << 9;
    private static final long TOPOLOGY = 1L << 10;
    private static final long MULTIQUEUE = 1L << 12;
    private static final long DISCARD = 1L << 13;
    private static final long WRITE_ZEROES = 1L << 14;

    /** A header and a status byte take a descriptor each. */
    private static final int MAX_SEGMENTS = QUEUE_SIZE - 2;

    private static final int PHYSICAL_BLOCK_EXPONENT = 3;
    private static final int PAGE_SECTORS = 8;
    private static final int OPTIMAL_SECTORS = 128;
    private static final int MAX_RANGE_SECTORS = 1 << 22;

    private final BlockStore store;
    private final BlockRequests[] requests;
    private final DeviceTraits traits;
    private final ConfigSpace config = new ConfigSpace(CONFIG_BYTES);
    private final long features;
    private volatile DeviceHost host;

    /**
     * A disk.
     *
     * @param store what keeps its bytes; the caller closes it after the transport
     * @param settings how it is shown
     */
    public BlockDevice(BlockStore store, DiskSettings settings) {
        this.store = store;
        TokenBucket bytes = new TokenBucket(settings.bytesPerSecond(), System::nanoTime);
        TokenBucket operations = new TokenBucket(settings.requestsPerSecond(), System::nanoTime);
        traits = new DeviceTraits(TYPE, settings.name(), CLASS, settings.queues(), QUEUE_SIZE);
        requests = new BlockRequests[settings.queues()];
        for (int i = 0; i < requests.length; i++) {
            requests[i] = new BlockRequests(store, settings.serialBytes(), bytes, operations);
        }
        long changes = store.isReadOnly() ? READ_ONLY : DISCARD | WRITE_ZEROES;
        features = SEG_MAX | BLK_SIZE | FLUSH | TOPOLOGY | changes | (requests.length > 1 ? MULTIQUEUE : 0);
        fillConfig();
    }

    /** struct virtio_blk_config (5.2.4). */
    private void fillConfig() {
        config.put(0, Long.BYTES, store.bytes() / SECTOR)
                .put(12, Integer.BYTES, MAX_SEGMENTS)
                .put(20, Integer.BYTES, SECTOR)
                .put(24, Byte.BYTES, PHYSICAL_BLOCK_EXPONENT)
                .put(26, Short.BYTES, PAGE_SECTORS)
                .put(28, Integer.BYTES, OPTIMAL_SECTORS)
                .put(34, Short.BYTES, requests.length);
        if (!store.isReadOnly()) {
            config.put(36, Integer.BYTES, MAX_RANGE_SECTORS)
                    .put(40, Integer.BYTES, MAX_RANGES)
                    .put(44, Integer.BYTES, PAGE_SECTORS)
                    .put(48, Integer.BYTES, MAX_RANGE_SECTORS)
                    .put(52, Integer.BYTES, MAX_RANGES)
                    .put(56, Byte.BYTES, 1);
        }
    }

    @Override
    public DeviceTraits traits() {
        return traits;
    }

    @Override
    public long features() {
        return features;
    }

    @Override
    public ConfigSpace config() {
        return config;
    }

    /** The store's size has changed: the driver reads it anew. Any thread, one at a time. */
    public void sizeChanged() {
        config.put(0, Long.BYTES, store.bytes() / SECTOR);
        DeviceHost told = host;
        if (told != null) {
            told.configChanged();
        }
    }

    @Override
    public void activate(long negotiated, DeviceHost transport) {
        host = transport;
        boolean writeThrough = (negotiated & FLUSH) == 0;
        for (BlockRequests queue : requests) {
            queue.activate(transport, writeThrough);
        }
    }

    @Override
    public void notified(int number, VirtQueue queue) {
        requests[number].serve(queue);
    }

    @Override
    public void reset() {
        // What the driver had set comes anew with the next activation.
    }
}
