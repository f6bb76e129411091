package dev.cloister.devices.virtio;

import dev.cloister.devices.virtio.net.MacAddress;
import dev.cloister.devices.virtio.net.NetDevice;
import dev.cloister.devices.virtio.net.NetFeatures;
import dev.cloister.devices.virtio.net.NetPort;
import dev.cloister.devices.virtio.net.NetSettings;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * A link whose frames come and go, and fail. A polite guest's frames arrive whole, in order, and with a header that says only what was agreed
 * on; and those for it come whole and in order, lost only where they are too long for its buffers.
 */
final class FuzzNet implements FuzzTarget {
    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;
    private static final int HEADER = NetPort.HEADER_BYTES;
    private static final int LEAST = 14;
    private static final long MERGED = 1L << 15;
    private static final int NEEDS_CSUM = 1;

    private final Deque<Frame> sending = new ArrayDeque<>();
    private final Deque<Frame> arriving = new ArrayDeque<>();
    /** What the port has given the device, and the guest not got yet. */
    private final Deque<Frame> underway = new ArrayDeque<>();

    private FuzzBench bench;
    private NetDevice device;
    private boolean listening = true;
    private boolean up = true;
    /** Whether a frame may have been lost because nobody was at the other end. */
    private boolean wasDown;

    /** The lengths of all chains given to receive, since the reset. */
    private final List<Integer> rooms = new ArrayList<>();

    private long offloads;
    private int number;
    private byte[] whole = new byte[0];
    private int pieces;
    /** The chain that the frame began in. */
    private int first;

    /** A frame of a length with contents of its own. */
    private record Frame(int number, int length, boolean sound) {
        byte at(int index) {
            return (byte) (number * 37 + index * 3 + (index >> 8));
        }

        boolean is(byte[] bytes, int offset, int count) {
            boolean same = count == length;
            for (int i = 0; i < count && same; i++) {
                same = bytes[offset + i] == at(i);
            }
            return same;
        }
    }

    @Override
    public boolean speaks() {
        return true;
    }

    @Override
    public VirtioDevice device(FuzzBench with) {
        bench = with;
        device = new NetDevice(new Port(), new NetSettings("net", new MacAddress(0x020000000001L), 1500, 0));
        return device;
    }

    @Override
    public void event(FuzzBench with) {
        int kind = bench.next();
        if (kind % 16 == 1) {
            up = !up;
            wasDown = true;
            device.linkChanged();
        } else if (kind % 8 == 2) {
            device.readable();
        } else {
            int most = kind % 4 == 0 ? NetPort.MAX_FRAME_BYTES - LEAST : 2000;
            arriving.add(new Frame(number++, LEAST + bench.next16() % (most + 1), true));
            if (listening) {
                listening = false;
                device.readable();
            }
        }
    }

    @Override
    public void speak(FuzzBench with) {
        int kind = bench.next();
        if (kind % 2 == 0) {
            room(Math.min(bench.driver.room(), HEADER + bench.next() * 17));
            return;
        }
        int length = kind % 8 == 1 ? bench.next() % 20 : bench.next16() % (bench.driver.room() - HEADER);
        byte[] bytes = new byte[HEADER + length];
        ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        boolean sound = kind % 8 == 3 ? offload(header, length) : kind % 8 != 5 || unsound(header);
        Frame frame = new Frame(number++, length, sound && length >= LEAST);
        for (int i = 0; i < length; i++) {
            bytes[HEADER + i] = frame.at(i);
        }
        if (bench.driver.send(TRANSMIT, bytes)) {
            sending.add(frame);
        }
    }

    private boolean room(int length) {
        boolean given = bench.driver.receive(RECEIVE, length);
        if (given) {
            rooms.add(length);
        }
        return given;
    }

    /** A checksum to complete, and perhaps segments to cut; whether that was agreed on. */
    private boolean offload(ByteBuffer header, int length) {
        int at = bench.next16() % (length + 2);
        header.put(0, (byte) NEEDS_CSUM).putShort(6, (short) (at / 2)).putShort(8, (short) (at - at / 2));
        boolean agreed = (bench.features & NetFeatures.CSUM) != 0 && at + 2 <= length;
        if (bench.next() % 2 == 0) {
            header.put(1, (byte) 1).putShort(2, (short) 54).putShort(4, (short) (1 + bench.next()));
            agreed &= (bench.features & NetFeatures.HOST_TSO4) != 0;
        }
        return agreed;
    }

    private boolean unsound(ByteBuffer header) {
        for (int i = 0; i < HEADER; i++) {
            header.put(i, (byte) (bench.next() % 4 == 0 ? bench.next() : 0));
        }
        return false;
    }

    @Override
    public void listen(FuzzBench with) {
        while (bench.driver.take(TRANSMIT) != null) {
            // Sent.
        }
        for (byte[] bytes = bench.driver.take(RECEIVE); bytes != null; bytes = bench.driver.take(RECEIVE)) {
            if (bench.polite) {
                hear(bytes);
            }
        }
        require(!bench.polite || pieces == 0, "part of a frame");
    }

    private void hear(byte[] bytes) {
        if (pieces == 0) {
            first = bench.driver.taken(RECEIVE) - 1;
            require(bytes.length >= HEADER, "a frame without a header");
            pieces = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getShort(10);
            require(pieces == 1 || pieces > 1 && (bench.features & MERGED) != 0, "a frame in " + pieces + " buffers");
            whole = bytes;
        } else {
            byte[] more = Arrays.copyOf(whole, whole.length + bytes.length);
            System.arraycopy(bytes, 0, more, whole.length, bytes.length);
            whole = more;
        }
        pieces--;
        if (pieces == 0) {
            arrived();
        }
    }

    private void arrived() {
        for (Frame next = underway.poll(); next != null; next = underway.poll()) {
            if (next.is(whole, HEADER, whole.length - HEADER)) {
                return;
            }
            require(isTooLong(next), "frame " + next + " is lost");
        }
        throw new AssertionError("a frame of " + whole.length + " bytes that nobody has sent");
    }

    /** Whether the buffers were too short for it that the frame behind it got: lost frames leave theirs. */
    private boolean isTooLong(Frame frame) {
        int most = (bench.features & MERGED) == 0 ? 1 : bench.driver.chains(RECEIVE);
        int room = -HEADER;
        for (int i = first; i < Math.min(first + most, rooms.size()); i++) {
            room += rooms.get(i);
        }
        return frame.length > room;
    }

    @Override
    public void restarted(FuzzBench with) {
        // What was in the queues, or in the device, went with the reset.
        sending.clear();
        underway.clear();
        rooms.clear();
        pieces = 0;
        wasDown = !up;
    }

    @Override
    public void settle(FuzzBench with) {
        int before = -1;
        for (int now = left(); now != before; now = left()) {
            before = now;
            while (room(bench.driver.room())) {
                // As many as there can be.
            }
            device.readable();
            bench.exchange();
        }
        require(arriving.isEmpty(), "frames are left at the port");
        require(bench.driver.out(TRANSMIT) == 0, "frames are left in the queue");
        first = bench.driver.taken(RECEIVE);
        underway.forEach(frame -> require(isTooLong(frame), "frame " + frame + " never came"));
    }

    private int left() {
        return bench.driver.out(TRANSMIT) + arriving.size() + underway.size();
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new AssertionError(otherwise);
        }
    }

    private final class Port implements NetPort {
        @Override
        public long offloads() {
            return NetFeatures.OFFLOADS;
        }

        @Override
        public void use(long agreed) {
            offloads = agreed;
        }

        @Override
        public void start(Listener listener) {
            // The input tells the device itself.
        }

        @Override
        public boolean isUp() {
            return up;
        }

        @Override
        public boolean send(MemorySegment header, MemorySegment[] frame, int count) throws IOException {
            bench.meanwhile();
            clean(header, frame, count);
            if (bench.polite) {
                next(frame, count);
            }
            if (bench.next() % 16 == 1) {
                throw new IOException("the link has failed");
            }
            return true;
        }

        private void clean(MemorySegment header, MemorySegment[] frame, int count) {
            ByteBuffer fields = header.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
            int flags = fields.get(0);
            int segments = fields.get(1) & 0x7f;
            boolean checksum = (offloads & NetFeatures.CSUM) != 0;
            require(flags == 0 || flags == NEEDS_CSUM && checksum, "flags " + flags);
            long most = flags == 0 ? 0 : bytes(frame, count) - 2;
            int at = (fields.getShort(6) & 0xffff) + (fields.getShort(8) & 0xffff);
            require(at <= most, "a checksum at " + at);
            long needed = segments == 1 ? NetFeatures.HOST_TSO4 : segments == 4 ? NetFeatures.HOST_TSO6 : 0;
            require(segments == 0 || (offloads & needed) != 0 && flags == NEEDS_CSUM, "segments " + segments);
            require(segments == 0 == (fields.getShort(4) == 0), "segments of size " + fields.getShort(4));
            require(fields.getShort(10) == 0, "a number of buffers");
        }

        private static long bytes(MemorySegment[] frame, int count) {
            long length = 0;
            for (int i = 0; i < count; i++) {
                length += frame[i].byteSize();
            }
            require(length >= LEAST && length <= MAX_FRAME_BYTES && count <= MAX_PIECES, "a frame of " + length);
            return length;
        }

        private void next(MemorySegment[] frame, int count) {
            byte[] bytes = new byte[(int) bytes(frame, count)];
            int at = 0;
            for (int i = 0; i < count; i++) {
                MemorySegment.copy(frame[i], ValueLayout.JAVA_BYTE, 0, bytes, at, (int) frame[i].byteSize());
                at += (int) frame[i].byteSize();
            }
            for (Frame next = sending.poll(); next != null; next = sending.poll()) {
                if (next.is(bytes, 0, bytes.length)) {
                    return;
                }
                require(!next.sound || wasDown, "frame " + next + " was not sent");
            }
            throw new AssertionError("a frame of " + bytes.length + " bytes that nobody has sent");
        }

        @Override
        public int receive(MemorySegment header, MemorySegment[] into, int count) throws IOException {
            bench.meanwhile();
            Frame frame = arriving.peek();
            if (frame == null) {
                listening = true;
                return NOTHING;
            }
            if (bench.next() % 64 == 1) {
                listening = true;
                throw new IOException("the link has failed");
            }
            arriving.remove();
            header.fill((byte) 0);
            int at = 0;
            for (int i = 0; i < count && at < frame.length; i++) {
                for (long k = 0; k < into[i].byteSize() && at < frame.length; k++) {
                    into[i].set(ValueLayout.JAVA_BYTE, k, frame.at(at++));
                }
            }
            require(at == frame.length, "no room for a frame of " + frame.length);
            underway.add(frame);
            return frame.length;
        }
    }
}
