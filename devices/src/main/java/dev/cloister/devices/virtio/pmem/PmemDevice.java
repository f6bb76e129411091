package dev.cloister.devices.virtio.pmem;

import dev.cloister.devices.virtio.Chain;
import dev.cloister.devices.virtio.ConfigSpace;
import dev.cloister.devices.virtio.DeviceHost;
import dev.cloister.devices.virtio.DeviceTraits;
import dev.cloister.devices.virtio.QueueException;
import dev.cloister.devices.virtio.VirtQueue;
import dev.cloister.devices.virtio.VirtioDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Persistent memory (virtio 1.2, 5.19): says where the range is, and flushes it. The memory itself is not the device's. */
public final class PmemDevice implements VirtioDevice {
    private static final int TYPE = 27;
    private static final int CLASS = 0xff0000;
    private static final int QUEUE_SIZE = 128;
    private static final int CONFIG_BYTES = 16;

    private static final int REQUEST_BYTES = 4;
    private static final int REPLY_BYTES = 4;
    private static final int FLUSH = 0;
    private static final int OK = 0;
    private static final int FAILED = 1;

    private final PmemStore store;
    private final DeviceTraits traits;
    private final ConfigSpace config = new ConfigSpace(CONFIG_BYTES);
    private final Chain chain = new Chain();
    private final byte[] bytes = new byte[REQUEST_BYTES];
    private final ByteBuffer field = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    private volatile DeviceHost host;

    /**
     * A range.
     *
     * @param name what it is called in messages and threads
     * @param gpa where the guest finds it
     * @param length its bytes
     * @param store what is behind it; called on the queue's thread
     */
    public PmemDevice(String name, long gpa, long length, PmemStore store) {
        traits = new DeviceTraits(TYPE, name, CLASS, 1, QUEUE_SIZE);
        this.store = store;
        config.put(0, Long.BYTES, gpa).put(Long.BYTES, Long.BYTES, length);
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
    public void activate(long features, DeviceHost transport) {
        host = transport;
    }

    @Override
    public void notified(int number, VirtQueue queue) {
        while (queue.pop(chain)) {
            if (chain.writableBytes() < REPLY_BYTES) {
                throw new QueueException("a request with room for " + chain.writableBytes()
                        + " bytes of its answer; expected " + REPLY_BYTES);
            }
            chain.read(0, bytes, 0, REQUEST_BYTES);
            int result = field.getInt(0) == FLUSH ? flush() : FAILED;
            field.putInt(0, result);
            chain.write(0, bytes, 0, REPLY_BYTES);
            queue.push(chain, REPLY_BYTES);
        }
    }

    private int flush() {
        try {
            store.flush();
            return OK;
        } catch (IOException e) {
            DeviceHost transport = host;
            if (transport != null) {
                transport.note(e.getMessage());
            }
            return FAILED;
        }
    }

    @Override
    public void reset() {
        // Nothing is kept.
    }
}
