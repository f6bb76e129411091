package dev.cloister.devices.virtio.vsock;

import dev.cloister.devices.virtio.Chain;
import dev.cloister.devices.virtio.ConfigSpace;
import dev.cloister.devices.virtio.DeviceHost;
import dev.cloister.devices.virtio.DeviceTraits;
import dev.cloister.devices.virtio.QueueException;
import dev.cloister.devices.virtio.VirtQueue;
import dev.cloister.devices.virtio.VirtioDevice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/**
 * The socket device (virtio 1.2, 5.10): streams only. Bytes go between a host's stream and the guest's buffers without a copy, where
 * those lie in one piece. The receive and the transmit queue have threads of their own; one lock holds the connections, and
 * {@link #run} is how the host's side gets under it.
 */
public final class VsockDevice implements VirtioDevice, AutoCloseable {
    private static final int TYPE = 19;
    private static final int CLASS = 0x02_80_00;
    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;
    private static final int QUEUES = 3;
    private static final int QUEUE_SIZE = 128;
    private static final int CONFIG_BYTES = 8;
    private static final int MAX_PAYLOAD = 64 << 10;

    private final DeviceTraits traits = new DeviceTraits(TYPE, "vsock", CLASS, QUEUES, QUEUE_SIZE);
    private final ConfigSpace config = new ConfigSpace(CONFIG_BYTES);
    private final Vsock vsock;
    private final Arena arena = Arena.ofShared();
    private final Incoming incoming = new Incoming(arena.allocate(MAX_PAYLOAD));
    private final Outgoing outgoing = new Outgoing();
    private DeviceHost host;
    private boolean closed;

    /** What the transmit queue's thread works with. */
    private static final class Incoming {
        private final Chain chain = new Chain();
        private final VsockPacket packet = new VsockPacket();
        private final byte[] header = new byte[VsockPacket.HEADER_BYTES];
        private final MemorySegment headerBytes = MemorySegment.ofArray(header);
        private final MemorySegment[] views = new MemorySegment[Chain.MAX_BUFFERS];
        private final MemorySegment whole;

        Incoming(MemorySegment whole) {
            this.whole = whole;
        }

        /** Reads a packet, and returns how much payload it has. */
        int read() {
            chain.read(0, header, 0, VsockPacket.HEADER_BYTES);
            packet.read(headerBytes, 0);
            long there = Math.min(chain.readableBytes() - VsockPacket.HEADER_BYTES, packet.length());
            return (int) Math.min(there, MAX_PAYLOAD);
        }

        /** The payload in one piece: where the guest put it, or a copy. */
        MemorySegment payload(int length) {
            if (length == 0) {
                return whole;
            }
            int pieces = chain.views(false, VsockPacket.HEADER_BYTES, length, views);
            if (pieces == 1) {
                return views[0];
            }
            long at = 0;
            for (int i = 0; i < pieces; i++) {
                MemorySegment.copy(views[i], 0, whole, at, views[i].byteSize());
                at += views[i].byteSize();
            }
            return whole;
        }
    }

    /** What the receive queue's thread works with. */
    private static final class Outgoing {
        private final Chain chain = new Chain();
        private final VsockPacket packet = new VsockPacket();
        private final byte[] header = new byte[VsockPacket.HEADER_BYTES];
        private final MemorySegment headerBytes = MemorySegment.ofArray(header);
        private final MemorySegment[] views = new MemorySegment[Chain.MAX_BUFFERS];
        /** Whether the chain is the guest's buffer for the next packet, which nothing has been put into yet. */
        private boolean held;
    }

    /**
     * A device.
     *
     * @param guestCid the guest's context id, 3 to 0xfffffffe
     * @param host who opens its connections; called under the device's lock
     */
    public VsockDevice(long guestCid, VsockHost host) {
        this.vsock = new Vsock(guestCid, host);
        config.put(0, CONFIG_BYTES, guestCid);
    }

    /**
     * Does something with the connections, and sends what comes of it. Any thread but one that holds a lock which a {@link HostStream} or
     * {@link VsockHost} takes.
     *
     * @param action what; not called once the device is closed
     */
    public void run(Consumer<Vsock> action) {
        DeviceHost wake;
        synchronized (vsock) {
            if (closed) {
                return;
            }
            action.accept(vsock);
            wake = vsock.hasOutput() ? host : null;
        }
        if (wake != null) {
            wake.wake(RECEIVE);
        }
    }

    /** Tells whether the guest has a driver for it. Under {@link #run}, the answer holds until that returns. */
    public boolean active() {
        synchronized (vsock) {
            return host != null;
        }
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
        synchronized (vsock) {
            host = transport;
        }
    }

    @Override
    public void notified(int number, VirtQueue queue) {
        switch (number) {
            case RECEIVE -> send(queue);
            case TRANSMIT -> take(queue);
            default -> {
                // Event buffers are for a guest that has moved to another host: not used.
            }
        }
    }

    private void take(VirtQueue queue) {
        while (mayTake() && queue.pop(incoming.chain)) {
            int length = incoming.read();
            MemorySegment payload = incoming.payload(length);
            run(connections -> connections.take(incoming.packet, payload, 0, length));
            queue.push(incoming.chain, 0);
        }
    }

    private boolean mayTake() {
        synchronized (vsock) {
            return vsock.mayTake();
        }
    }

    private void send(VirtQueue queue) {
        while (!queue.isStopped() && hasOutput() && (outgoing.held || queue.pop(outgoing.chain))) {
            outgoing.held = true;
            long room = outgoing.chain.writableBytes() - VsockPacket.HEADER_BYTES;
            if (room <= 0) {
                // Without room for a byte of payload such buffers would never bring a stream on.
                throw new QueueException("a receive buffer of " + outgoing.chain.writableBytes()
                        + " bytes; expected more than " + VsockPacket.HEADER_BYTES);
            }
            int payload = fill(room);
            if (payload >= 0) {
                outgoing.packet.write(outgoing.headerBytes, 0);
                outgoing.chain.write(0, outgoing.header, 0, VsockPacket.HEADER_BYTES);
                outgoing.held = false;
                queue.push(outgoing.chain, (long) VsockPacket.HEADER_BYTES + payload);
            }
        }
    }

    private boolean hasOutput() {
        synchronized (vsock) {
            return vsock.hasOutput();
        }
    }

    private int fill(long room) {
        outgoing.chain.views(true, VsockPacket.HEADER_BYTES, Math.min(room, MAX_PAYLOAD), outgoing.views);
        MemorySegment target = outgoing.views[0];
        int bytes;
        DeviceHost wake;
        synchronized (vsock) {
            boolean full = !vsock.mayTake();
            bytes = closed ? -1 : vsock.next(outgoing.packet, target, 0, (int) target.byteSize());
            wake = full && vsock.mayTake() ? host : null;
        }
        if (bytes > 0) {
            outgoing.chain.written(VsockPacket.HEADER_BYTES, bytes);
        }
        if (wake != null) {
            wake.wake(TRANSMIT);
        }
        return bytes;
    }

    @Override
    public void reset() {
        synchronized (vsock) {
            host = null;
            if (!closed) {
                vsock.reset();
            }
        }
        // No queue is being served: the threads that use these are at rest.
        outgoing.held = false;
    }

    /** Ends all connections. After the transport is closed. */
    @Override
    public void close() {
        synchronized (vsock) {
            if (!closed) {
                closed = true;
                vsock.close();
                arena.close();
            }
        }
    }
}
