package dev.cloister.devices.virtio.net;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** A port for tests: keeps what is sent, gives what was put in. One thread. */
public final class FramePort implements NetPort {
    private final Deque<byte[]> arriving = new ArrayDeque<>();
    private final List<byte[]> sent = new ArrayList<>();
    private final List<byte[]> headers = new ArrayList<>();
    private boolean up = true;
    private long used;

    /** Puts a frame in. */
    public void arrive(byte[] frame) {
        arriving.add(frame);
    }

    /** What was sent, without headers. */
    public List<byte[]> sent() {
        return sent;
    }

    List<byte[]> headers() {
        return headers;
    }

    /** Forgets all frames. */
    public void clear() {
        arriving.clear();
        sent.clear();
        headers.clear();
    }

    void cut() {
        up = false;
    }

    long used() {
        return used;
    }

    @Override
    public long offloads() {
        return NetFeatures.OFFLOADS;
    }

    @Override
    public void use(long offloads) {
        used = offloads;
    }

    @Override
    public void start(Listener listener) {
        // Served by hand.
    }

    @Override
    public boolean isUp() {
        return up;
    }

    @Override
    public boolean send(MemorySegment header, MemorySegment[] frame, int count) {
        int length = 0;
        for (int i = 0; i < count; i++) {
            length += (int) frame[i].byteSize();
        }
        byte[] bytes = new byte[length];
        int at = 0;
        for (int i = 0; i < count; i++) {
            int step = (int) frame[i].byteSize();
            MemorySegment.copy(frame[i], ValueLayout.JAVA_BYTE, 0, bytes, at, step);
            at += step;
        }
        sent.add(bytes);
        headers.add(header.asSlice(0, HEADER_BYTES).toArray(ValueLayout.JAVA_BYTE));
        return true;
    }

    @Override
    public int receive(MemorySegment header, MemorySegment[] into, int count) {
        byte[] frame = arriving.poll();
        if (frame == null) {
            return NOTHING;
        }
        header.fill((byte) 0);
        int at = 0;
        for (int i = 0; i < count && at < frame.length; i++) {
            int step = (int) Math.min(frame.length - at, into[i].byteSize());
            MemorySegment.copy(frame, at, into[i], ValueLayout.JAVA_BYTE, 0, step);
            at += step;
        }
        return frame.length;
    }
}
