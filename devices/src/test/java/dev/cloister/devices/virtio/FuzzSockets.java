package dev.cloister.devices.virtio;

import dev.cloister.devices.virtio.vsock.HostStream;
import dev.cloister.devices.virtio.vsock.VsockConnection;
import dev.cloister.devices.virtio.vsock.VsockDevice;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * A host whose programs are slow, refuse, hang up and break, behind a socket device. What a polite guest hears is judged by {@link FuzzTalks}: each
 * byte arrives, once and in order, in both directions, and nothing waits for ever.
 */
final class FuzzSockets implements FuzzTarget {
    static final long CID = 5;
    private static final int MOST = 1 << 20;

    private final List<End> ends = new ArrayList<>();
    private final Deque<End> asked = new ArrayDeque<>();
    private final FuzzTalks talks = new FuzzTalks(this);
    private FuzzBench bench;
    private VsockDevice device;
    private int ports = 5000;

    /** The host's end of one connection. */
    static final class End implements HostStream {
        private final FuzzBench bench;
        final FuzzTalks.Key key;
        VsockConnection connection;
        /** What the host has to say, and what of it the device has read. */
        long says;

        long read;
        /** How much the host takes, and what it has got. */
        long takes;

        long got;
        /** Whether the device has it. */
        boolean handedOver;

        boolean hungUp;
        boolean failed;
        boolean outputEnded;
        boolean closed;
        boolean deaf;
        private boolean awaitsRead;
        private boolean awaitsWrite;

        End(FuzzBench bench, FuzzTalks.Key key) {
            this.bench = bench;
            this.key = key;
        }

        @Override
        public void established(int hostPort) throws IOException {
            require(hostPort == key.port(), "the host is told of another port");
            fail();
        }

        private void fail() throws IOException {
            require(!closed, "a stream is used that was closed");
            bench.meanwhile();
            if (failed) {
                throw new IOException("broken");
            }
        }

        @Override
        public int read(MemorySegment target, long offset, int length) throws IOException {
            require(length > 0, "nothing to be read");
            fail();
            int count = (int) Math.min(length, says - read);
            for (int i = 0; i < count; i++) {
                target.set(ValueLayout.JAVA_BYTE, offset + i, key.fromHost(read + i));
            }
            read += count;
            return count == 0 && hungUp ? END : count;
        }

        @Override
        public int write(MemorySegment source, long offset, int length) throws IOException {
            require(length > 0, "nothing to be written");
            fail();
            if (deaf) {
                throw new IOException("takes nothing");
            }
            int count = (int) Math.min(length, takes - got);
            for (int i = 0; i < count && bench.polite; i++) {
                boolean right = source.get(ValueLayout.JAVA_BYTE, offset + i) == key.fromGuest(got + i);
                require(right || key.wild(), "byte " + (got + i) + " from the guest is another");
            }
            got += count;
            return count;
        }

        @Override
        public void await(boolean readable, boolean writable) {
            require(!closed, "a stream is awaited that was closed");
            awaitsRead = readable;
            awaitsWrite = writable;
        }

        @Override
        public void endOutput() {
            require(!closed && !outputEnded, "a stream's output is ended twice");
            outputEnded = true;
        }

        @Override
        public void close() {
            require(!closed, "a stream is closed twice");
            closed = true;
        }

        private void require(boolean condition, String otherwise) {
            if (!condition) {
                throw new AssertionError(otherwise + ": " + key);
            }
        }
    }

    @Override
    public boolean speaks() {
        return true;
    }

    @Override
    public VirtioDevice device(FuzzBench with) {
        bench = with;
        device = new VsockDevice(CID, (cid, port, connection) -> {
            bench.meanwhile();
            End end = new End(bench, talks.key(cid, port, connection.guestPort()));
            end.connection = connection;
            ends.add(end);
            asked.add(end);
        });
        return device;
    }

    /** The host's end of a connection: the last that there was; null if there was none. */
    End end(FuzzTalks.Key key) {
        for (int i = ends.size() - 1; i >= 0; i--) {
            if (ends.get(i).key.equals(key)) {
                return ends.get(i);
            }
        }
        return null;
    }

    @Override
    public void event(FuzzBench with) {
        int kind = bench.next();
        if (kind % 8 == 0) {
            answer(kind / 8 % 4 == 0);
        } else if (kind % 8 == 1) {
            connect(kind / 8 % 4 == 0);
        } else if (!ends.isEmpty()) {
            happens(ends.get(bench.next() % ends.size()), kind);
        }
    }

    private void answer(boolean refuse) {
        End end = asked.poll();
        if (end == null) {
            return;
        }
        if (refuse) {
            end.failed = true;
            device.run(vsock -> vsock.refused(end.connection));
        } else {
            end.takes += bench.next();
            end.handedOver = true;
            device.run(vsock -> vsock.opened(end.connection, end));
        }
    }

    private void connect(boolean deaf) {
        FuzzTalks.Key key = talks.key(bench.next() % 4 == 0 ? 9 : 2, ports++, 70 + bench.next() % 4);
        End end = new End(bench, key);
        end.deaf = deaf;
        device.run(vsock -> {
            // As who connects for a program does: only to a guest that has a driver.
            end.connection = device.active() ? vsock.connect(key.cid(), key.port(), key.guestPort(), end, deaf) : null;
            if (end.connection != null) {
                end.handedOver = true;
                ends.add(end);
            }
        });
    }

    private void happens(End end, int kind) {
        switch (kind % 8) {
            case 2, 3 -> end.says += end.hungUp ? 0 : bench.next16() % MOST;
            case 4 -> end.takes += bench.next();
            case 5 -> end.takes += bench.next16();
            case 6 -> end.hungUp = true;
            default -> {
                end.failed = true;
                if (bench.next() % 2 == 0) {
                    device.run(vsock -> vsock.broken(end.connection));
                }
            }
        }
        tell(end);
    }

    /** Tells the device what it awaits, as a poll would. */
    private void tell(End end) {
        boolean readable = end.awaitsRead && (end.says > end.read || end.hungUp || end.failed);
        boolean writable = end.awaitsWrite && (end.takes > end.got || end.failed || end.deaf);
        if (!end.closed && (readable || writable)) {
            device.run(vsock -> vsock.ready(end.connection, readable, writable));
        }
    }

    @Override
    public void speak(FuzzBench with) {
        talks.speak(bench);
    }

    @Override
    public void listen(FuzzBench with) {
        talks.listen(bench);
    }

    @Override
    public void restarted(FuzzBench with) {
        talks.forget();
        for (End end : ends) {
            if (end.handedOver && !end.closed) {
                throw new AssertionError("a stream outlives a reset: " + end.key);
            }
        }
    }

    @Override
    public void settle(FuzzBench with) {
        while (!asked.isEmpty()) {
            answer(false);
        }
        for (int quiet = 0; quiet < 3; quiet++) {
            for (End end : ends) {
                end.takes = Long.MAX_VALUE;
                tell(end);
            }
            if (talks.serveAll(bench)) {
                quiet = -1;
            }
        }
        talks.complete();
        device.close();
        for (End end : ends) {
            if (end.handedOver && !end.closed) {
                throw new AssertionError("a stream outlives its device: " + end.key);
            }
        }
    }

    @Override
    public void close() {
        device.close();
    }
}
