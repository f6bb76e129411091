package dev.cloister.devices.virtio.net;

import dev.cloister.devices.virtio.Chain;
import dev.cloister.devices.virtio.DeviceHost;
import dev.cloister.devices.virtio.QueueException;
import dev.cloister.devices.virtio.TokenBucket;
import dev.cloister.devices.virtio.VirtQueue;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Serves the receive queue. A frame goes straight into the guest's next buffer, and only what doesn't fit there into memory of the
 * device's own, from which it is copied to further buffers if the driver takes merged ones. The driver sees a frame when all of it is
 * there (virtio 1.2, 5.1.6.4). The queue's thread only.
 */
final class Receiver {
    /** After so many frames the driver is told of them, even if there are more. */
    private static final int BATCH = 32;

    private final NetPort port;
    private final TokenBucket bucket;
    private final Chain first = new Chain();
    private final Chain next = new Chain();
    private final MemorySegment header;
    private final MemorySegment overflow;
    private final byte[] given = new byte[NetPort.HEADER_BYTES];
    private final MemorySegment[] pieces = new MemorySegment[Chain.MAX_BUFFERS + 1];
    private volatile boolean mergeable;
    private volatile DeviceHost host;
    /** Whether {@link #first} is a buffer that holds no frame yet. */
    private boolean held;
    /** What of the overflow is still to be copied; 0 unless a frame waits for further buffers. */
    private int left;

    private int copied;
    private int buffers;
    private int batched;

    Receiver(NetPort port, TokenBucket bucket, MemorySegment header, MemorySegment overflow) {
        this.port = port;
        this.bucket = bucket;
        this.header = header;
        this.overflow = overflow;
    }

    /** Before the queue is served. */
    void activate(boolean merge, DeviceHost transport) {
        mergeable = merge;
        host = transport;
    }

    /** The queue isn't served any more. */
    void reset() {
        held = false;
        left = 0;
        batched = 0;
    }

    void serve(VirtQueue queue) {
        boolean more = true;
        while (more) {
            more = left > 0 ? spread(queue) : hold(queue) && take(queue);
        }
        if (left == 0) {
            publish(queue);
        }
    }

    private boolean hold(VirtQueue queue) {
        if (!held && queue.pop(first)) {
            if (first.writableBytes() < NetPort.HEADER_BYTES) {
                throw new QueueException("a receive buffer of " + first.writableBytes() + " bytes; expected "
                        + NetPort.HEADER_BYTES + " or more");
            }
            held = true;
        }
        return held;
    }

    /** Takes one frame, if there is one. */
    private boolean take(VirtQueue queue) {
        int room = (int) Math.min(first.writableBytes() - NetPort.HEADER_BYTES, NetPort.MAX_FRAME_BYTES);
        int count = room == 0 ? 0 : first.views(true, NetPort.HEADER_BYTES, room, pieces);
        if (count > NetPort.MAX_PIECES) {
            throw new QueueException(
                    "a receive buffer in " + count + " pieces; expected at most " + NetPort.MAX_PIECES);
        }
        pieces[count] = overflow;
        int length = receive(count + 1);
        if (length == NetPort.NOTHING) {
            return false;
        }
        first.written(NetPort.HEADER_BYTES, Math.min(length, room));
        // Where the driver doesn't take merged buffers, a frame that is too long is lost.
        if ((length <= room || mergeable) && queue.pause(bucket.take(length))) {
            place(queue, length, room);
        }
        return !queue.isStopped();
    }

    private int receive(int count) {
        try {
            return port.receive(header, pieces, count);
        } catch (IOException e) {
            host.note(e.getMessage());
            return NetPort.NOTHING;
        }
    }

    private void place(VirtQueue queue, int length, int room) {
        held = false;
        buffers = 1;
        if (length <= room) {
            writeHeader();
            queue.fill(first, (long) NetPort.HEADER_BYTES + length);
            batched++;
            if (batched == BATCH) {
                publish(queue);
            }
            return;
        }
        // What is complete goes first: from here to the frame's end nothing may be published.
        publish(queue);
        queue.fill(first, (long) NetPort.HEADER_BYTES + room);
        left = length - room;
        copied = 0;
    }

    /** Copies the rest of a frame to further buffers; returns false if there are too few for now. */
    private boolean spread(VirtQueue queue) {
        while (left > 0) {
            if (!queue.pop(next)) {
                return giveUp(queue);
            }
            int step = (int) Math.min(left, next.writableBytes());
            if (step == 0) {
                throw new QueueException("a receive buffer without room");
            }
            copy(step);
            queue.fill(next, step);
            buffers++;
        }
        writeHeader();
        publish(queue);
        return true;
    }

    /** A frame that waits for buffers when it has all of the queue will wait for ever: it is lost, and they are free again. */
    private boolean giveUp(VirtQueue queue) {
        if (!queue.isWholeFilled()) {
            return false;
        }
        queue.takeBack();
        left = 0;
        host.note("dropped a frame that didn't fit into all " + buffers + " receive buffers");
        return true;
    }

    private void copy(int step) {
        int count = next.views(true, 0, step, pieces);
        long at = copied;
        for (int i = 0; i < count; i++) {
            MemorySegment.copy(overflow, at, pieces[i], 0, pieces[i].byteSize());
            at += pieces[i].byteSize();
        }
        next.written(0, step);
        copied += step;
        left -= step;
    }

    private void writeHeader() {
        FrameHeader.setBuffers(header, buffers);
        MemorySegment.copy(header, ValueLayout.JAVA_BYTE, 0, given, 0, given.length);
        first.write(0, given, 0, given.length);
    }

    private void publish(VirtQueue queue) {
        queue.publish();
        batched = 0;
    }
}
