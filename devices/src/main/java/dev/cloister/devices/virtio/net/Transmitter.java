package dev.cloister.devices.virtio.net;

import dev.cloister.devices.virtio.Chain;
import dev.cloister.devices.virtio.DeviceHost;
import dev.cloister.devices.virtio.QueueException;
import dev.cloister.devices.virtio.TokenBucket;
import dev.cloister.devices.virtio.VirtQueue;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Serves the transmit queue: frames go from the guest's buffers to the port without a copy, their headers by one. Its thread only. */
final class Transmitter {
    /** After so many frames the driver is told that they are sent, even if there are more. */
    private static final int BATCH = 32;

    private static final int ETHERNET_BYTES = 14;

    private final NetPort port;
    private final TokenBucket bucket;
    private final Chain chain = new Chain();
    private final byte[] copied = new byte[NetPort.HEADER_BYTES];
    private final MemorySegment header;
    private final MemorySegment[] pieces = new MemorySegment[Chain.MAX_BUFFERS];
    private volatile long features;
    private volatile DeviceHost host;

    Transmitter(NetPort port, TokenBucket bucket, MemorySegment header) {
        this.port = port;
        this.bucket = bucket;
        this.header = header;
    }

    /** Before the queue is served. */
    void activate(long negotiated, DeviceHost transport) {
        features = negotiated;
        host = transport;
    }

    void serve(VirtQueue queue) {
        int done = 0;
        while (queue.pop(chain)) {
            long length = chain.readableBytes() - NetPort.HEADER_BYTES;
            if (length < 0) {
                throw new QueueException("a frame of " + chain.readableBytes() + " bytes with its header; expected "
                        + NetPort.HEADER_BYTES + " or more");
            }
            if (length >= ETHERNET_BYTES && length <= NetPort.MAX_FRAME_BYTES && port.isUp()) {
                if (!queue.pause(bucket.take(length))) {
                    return;
                }
                send(length);
            }
            queue.fill(chain, 0);
            done++;
            if (done % BATCH == 0) {
                queue.publish();
            }
        }
        queue.publish();
    }

    private void send(long length) {
        chain.read(0, copied, 0, NetPort.HEADER_BYTES);
        header.copyFrom(MemorySegment.ofArray(copied));
        String fault = FrameHeader.clean(header, length, features);
        if (!fault.isEmpty()) {
            host.note("dropped a frame with " + fault);
            return;
        }
        int count = chain.views(false, NetPort.HEADER_BYTES, length, pieces);
        if (count > NetPort.MAX_PIECES) {
            throw new QueueException("a frame in " + count + " pieces; expected at most " + NetPort.MAX_PIECES);
        }
        try {
            port.send(header, pieces, count);
        } catch (IOException e) {
            host.note(e.getMessage());
        }
    }
}
