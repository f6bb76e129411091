package dev.cloister.vmm.vsock;

import dev.cloister.devices.Waiting;
import dev.cloister.devices.virtio.DeviceHost;
import dev.cloister.devices.virtio.vsock.VsockPacket;
import dev.cloister.vmm.channel.Violations;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** A guest's driver, packet by packet, with the socket device that serves it. Takes what comes as fast as it comes, unless told to stop. */
final class TestGuest implements AutoCloseable {
    private static final long PATIENCE_NANOS = 60_000_000_000L;
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    final long cid;
    final SocketNode node;
    final List<String> violations = new CopyOnWriteArrayList<>();
    private final Arena arena = Arena.ofShared();
    private final Deque<Packet> inbox = new ArrayDeque<>();
    private final MemorySegment header = arena.allocate(VsockPacket.HEADER_BYTES);
    private final MemorySegment payload = arena.allocate(64 << 10);
    private final VsockPacket packet = new VsockPacket();
    private final Thread driver = new Thread(this::drive, "driver");
    private boolean woken;
    private boolean ended;
    private int forwarded;
    private long given;

    /** A packet that the device gave. */
    record Packet(long cid, int port, int guestPort, int operation, int flags, byte[] data) {}

    TestGuest(long cid) {
        this.cid = cid;
        Violations counted = new Violations((kind, detail, suppressed) -> violations.add(kind.id() + ": " + detail));
        node = new SocketNode(cid, Optional.empty(), counted);
        node.device().activate(0, new DeviceHost() {
            @Override
            public void wake(int queue) {
                ring();
            }

            @Override
            public void configChanged() {
                // It never does.
            }

            @Override
            public void note(String text) {
                violations.add(text);
            }
        });
        driver.start();
    }

    private synchronized void ring() {
        woken = true;
        notifyAll();
    }

    private void drive() {
        while (awaitRing()) {
            boolean more = true;
            while (more) {
                boolean[] any = new boolean[1];
                node.device().run(vsock -> {
                    int bytes = vsock.next(packet, payload, 0, 4096);
                    if (bytes >= 0) {
                        any[0] = true;
                        packet.write(header, 0);
                        receive(bytes);
                    }
                });
                more = any[0];
            }
        }
    }

    private synchronized boolean awaitRing() {
        while (!woken && !ended) {
            try {
                wait();
            } catch (InterruptedException e) {
                return false;
            }
        }
        woken = false;
        return !ended;
    }

    private synchronized void receive(int bytes) {
        given += bytes;
        forwarded = header.get(U32, 40);
        inbox.add(new Packet(
                header.get(U64, 0),
                header.get(U32, 16),
                header.get(U32, 20),
                Short.toUnsignedInt(header.get(ValueLayout.JAVA_SHORT_UNALIGNED, 30)),
                header.get(U32, 32),
                payload.asSlice(0, bytes).toArray(ValueLayout.JAVA_BYTE)));
        notifyAll();
    }

    /** The next packet of the kinds that matter; credit is passed over. */
    synchronized Packet next() {
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (true) {
            Packet first = inbox.poll();
            if (first != null
                    && first.operation() != VsockPacket.CREDIT_UPDATE
                    && first.operation() != VsockPacket.CREDIT_REQUEST) {
                return first;
            }
            if (first == null) {
                waitUntil(end);
            }
        }
    }

    private void waitUntil(long end) {
        long left = (end - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
            throw new AssertionError("nothing more came to the guest with context id " + cid);
        }
        try {
            wait(left);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Sends a packet without payload. */
    void send(long to, int port, int from, int operation, int flags) {
        send(to, port, from, operation, flags, new byte[0]);
    }

    /** Sends a packet; it has taken all that it was given and has room for a MiB more. */
    void send(long to, int port, int from, int operation, int flags, byte[] data) {
        try (Arena own = Arena.ofConfined()) {
            MemorySegment head = own.allocate(VsockPacket.HEADER_BYTES);
            head.set(U64, 0, cid);
            head.set(U64, 8, to);
            head.set(U32, 16, from);
            head.set(U32, 20, port);
            head.set(U32, 24, data.length);
            head.set(U32, 28, VsockPacket.STREAM | operation << 16);
            head.set(U32, 32, flags);
            head.set(U32, 36, 1 << 20);
            synchronized (this) {
                head.set(U32, 40, (int) given);
            }
            VsockPacket sent = new VsockPacket();
            sent.read(head, 0);
            MemorySegment body = own.allocate(Math.max(1, data.length));
            MemorySegment.copy(data, 0, body, ValueLayout.JAVA_BYTE, 0, data.length);
            node.device().run(vsock -> vsock.take(sent, body, 0, data.length));
        }
    }

    /** Sends bytes as far as the device's credit lets it, and waits for more of that. */
    void pour(long to, int port, int from, byte[] data) {
        int sent = 0;
        while (sent < data.length) {
            int room;
            synchronized (this) {
                long end = System.nanoTime() + PATIENCE_NANOS;
                while (sent - forwarded >= 48 << 10) {
                    waitUntil(end);
                }
                room = (48 << 10) - (sent - forwarded);
            }
            int part = Math.min(room, data.length - sent);
            byte[] piece = new byte[part];
            System.arraycopy(data, sent, piece, 0, part);
            send(to, port, from, VsockPacket.RW, 0, piece);
            sent += part;
        }
    }

    /** Tells the device that the guest has room again. */
    void credit(long to, int port, int from) {
        send(to, port, from, VsockPacket.CREDIT_UPDATE, 0);
    }

    @Override
    public void close() {
        synchronized (this) {
            ended = true;
            notifyAll();
        }
        Waiting.join(driver);
        node.close();
        arena.close();
    }
}
