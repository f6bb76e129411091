package dev.cloister.devices.virtio.block;

import dev.cloister.devices.virtio.DeviceHost;
import dev.cloister.devices.virtio.TokenBucket;
import dev.cloister.devices.virtio.VirtQueue;
import dev.cloister.devices.virtio.VirtioDevice;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

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
    private final DiskSettings settings;
    private final BlockRequests[] requests;
    private final ByteBuffer config = ByteBuffer.allocate(CONFIG_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final long features;

    /**
     * A disk.
     *
     * @param store what keeps its bytes; the caller closes it after the transport
     * @param settings how it is shown
     */
    public BlockDevice(BlockStore store, DiskSettings settings) {
        this.store = store;
        this.settings = settings;
        TokenBucket bytes = new TokenBucket(settings.bytesPerSecond(), System::nanoTime);
        TokenBucket operations = new TokenBucket(settings.requestsPerSecond(), System::nanoTime);
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
        config.putLong(0, store.bytes() / SECTOR)
                .putInt(12, MAX_SEGMENTS)
                .putInt(20, SECTOR)
                .put(24, (byte) PHYSICAL_BLOCK_EXPONENT)
                .putShort(26, (short) PAGE_SECTORS)
                .putInt(28, OPTIMAL_SECTORS)
                .putShort(34, (short) requests.length);
        if (!store.isReadOnly()) {
            config.putInt(36, MAX_RANGE_SECTORS)
                    .putInt(40, MAX_RANGES)
                    .putInt(44, PAGE_SECTORS)
                    .putInt(48, MAX_RANGE_SECTORS)
                    .putInt(52, MAX_RANGES)
                    .put(56, (byte) 1);
        }
    }

    @Override
    public int type() {
        return TYPE;
    }

    @Override
    public String name() {
        return settings.name();
    }

    @Override
    public int classCode() {
        return CLASS;
    }

    @Override
    public long features() {
        return features;
    }

    @Override
    public int queues() {
        return requests.length;
    }

    @Override
    public int queueSize(int queue) {
        return QUEUE_SIZE;
    }

    @Override
    public int configBytes() {
        return CONFIG_BYTES;
    }

    @Override
    public long readConfig(int offset, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (config.get(offset + i) & 0xffL) << Byte.SIZE * i;
        }
        return value;
    }

    @Override
    public void activate(long negotiated, DeviceHost host) {
        boolean writeThrough = (negotiated & FLUSH) == 0;
        for (BlockRequests queue : requests) {
            queue.activate(host, writeThrough);
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
