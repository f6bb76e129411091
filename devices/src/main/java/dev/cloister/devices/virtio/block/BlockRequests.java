package dev.cloister.devices.virtio.block;

import dev.cloister.devices.virtio.Chain;
import dev.cloister.devices.virtio.DeviceHost;
import dev.cloister.devices.virtio.QueueException;
import dev.cloister.devices.virtio.TokenBucket;
import dev.cloister.devices.virtio.VirtQueue;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Serves the requests of one queue (virtio 1.2, 5.2.6), on its thread. A request allocates nothing but views of its buffers. */
final class BlockRequests {
    private static final int IN = 0;
    private static final int OUT = 1;
    private static final int FLUSH = 4;
    private static final int GET_ID = 8;
    private static final int DISCARD = 11;
    private static final int WRITE_ZEROES = 13;

    private static final int OK = 0;
    private static final int IO_ERROR = 1;
    private static final int UNSUPPORTED = 2;

    private static final int HEADER_BYTES = 16;
    private static final int RANGE_BYTES = 16;
    private static final int UNMAP = 1;
    private static final int SECTOR = BlockDevice.SECTOR;

    private final BlockStore store;
    private final byte[] serial;
    private final TokenBucket bytes;
    private final TokenBucket operations;
    private final Chain chain = new Chain();
    private final MemorySegment[] views = new MemorySegment[Chain.MAX_BUFFERS];
    private final byte[] ranges = new byte[BlockDevice.MAX_RANGES * RANGE_BYTES];
    private final ByteBuffer range = ByteBuffer.wrap(ranges).order(ByteOrder.LITTLE_ENDIAN);
    private final byte[] header = new byte[HEADER_BYTES];
    private final ByteBuffer fields = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
    private final byte[] status = new byte[1];
    private volatile DeviceHost host;
    private volatile boolean writeThrough;

    BlockRequests(BlockStore store, byte[] serial, TokenBucket bytes, TokenBucket operations) {
        this.store = store;
        this.serial = serial;
        this.bytes = bytes;
        this.operations = operations;
    }

    /** Before the queue is served. */
    void activate(DeviceHost transport, boolean durableWrites) {
        host = transport;
        writeThrough = durableWrites;
    }

    void serve(VirtQueue queue) {
        while (queue.pop(chain)) {
            if (chain.writableBytes() == 0) {
                throw new QueueException("a request without room for its status");
            }
            chain.read(0, header, 0, HEADER_BYTES);
            int type = fields.getInt(0);
            long data = type == IN ? chain.writableBytes() - 1 : chain.readableBytes() - HEADER_BYTES;
            if (!waitForTurn(queue, type, data)) {
                return;
            }
            int result = execute(type, fields.getLong(8), data);
            status[0] = (byte) result;
            chain.write(chain.writableBytes() - 1, status, 0, 1);
            queue.push(chain, result == OK ? written(type) : 1);
        }
    }

    /** What a request that went well wrote without a gap, from its first byte on (virtio 1.2, 2.7.8.2). */
    private long written(int type) {
        return switch (type) {
            case IN -> chain.writableBytes();
            case GET_ID -> chain.writableBytes() == serial.length + 1 ? serial.length + 1 : serial.length;
            default -> 1;
        };
    }

    /** Returns false if the queue stopped meanwhile. */
    private boolean waitForTurn(VirtQueue queue, int type, long data) {
        long wait = Math.max(bytes.take(data), operations.take(1));
        if (type == IN || type == OUT) {
            wait = Math.max(wait, store.pause(type == OUT, data));
        }
        return queue.pause(wait);
    }

    private int execute(int type, long sector, long data) {
        try {
            return switch (type) {
                case IN -> read(sector, data);
                case OUT -> write(sector, data);
                case FLUSH -> flush();
                case GET_ID -> identity();
                case DISCARD, WRITE_ZEROES -> ranges(type, data);
                default -> UNSUPPORTED;
            };
        } catch (IOException e) {
            host.note(e.getMessage());
            return IO_ERROR;
        }
    }

    /** Whether sectors are on the disk; numbers are unsigned. */
    private boolean isOnDisk(long sector, long sectors) {
        long all = store.bytes() / SECTOR;
        return sector >= 0 && sector <= all && sectors <= all - sector;
    }

    private int read(long sector, long data) throws IOException {
        if (data % SECTOR != 0 || !isOnDisk(sector, data / SECTOR)) {
            return IO_ERROR;
        }
        int count = chain.views(true, 0, data, views);
        try {
            store.read(sector * SECTOR, views, count);
        } finally {
            // Also what came before an error.
            chain.written(0, data);
        }
        return OK;
    }

    private int write(long sector, long data) throws IOException {
        if (store.isReadOnly() || data % SECTOR != 0 || !isOnDisk(sector, data / SECTOR)) {
            return IO_ERROR;
        }
        store.write(sector * SECTOR, views, chain.views(false, HEADER_BYTES, data, views));
        if (writeThrough) {
            store.flush();
        }
        return OK;
    }

    private int flush() throws IOException {
        store.flush();
        return OK;
    }

    private int identity() {
        long room = chain.writableBytes() - 1;
        if (room < serial.length) {
            return IO_ERROR;
        }
        chain.write(0, serial, 0, serial.length);
        return OK;
    }

    /** All ranges are looked at before the first is touched. */
    private int ranges(int type, long data) throws IOException {
        if (store.isReadOnly() || data <= 0 || data % RANGE_BYTES != 0 || data > ranges.length) {
            return IO_ERROR;
        }
        chain.read(HEADER_BYTES, ranges, 0, (int) data);
        for (int at = 0; at < data; at += RANGE_BYTES) {
            int result = check(type, at);
            if (result != OK) {
                return result;
            }
        }
        for (int at = 0; at < data; at += RANGE_BYTES) {
            clear(type, at);
        }
        if (writeThrough) {
            store.flush();
        }
        return OK;
    }

    private int check(int type, int at) {
        int flags = range.getInt(at + 12);
        if ((flags & ~UNMAP) != 0 || type == DISCARD && flags != 0) {
            return UNSUPPORTED;
        }
        return isOnDisk(range.getLong(at), Integer.toUnsignedLong(range.getInt(at + 8))) ? OK : IO_ERROR;
    }

    private void clear(int type, int at) throws IOException {
        long offset = range.getLong(at) * SECTOR;
        long length = Integer.toUnsignedLong(range.getInt(at + 8)) * SECTOR;
        if (type == DISCARD) {
            store.discard(offset, length);
        } else {
            store.zero(offset, length, (range.getInt(at + 12) & UNMAP) != 0);
        }
    }
}
