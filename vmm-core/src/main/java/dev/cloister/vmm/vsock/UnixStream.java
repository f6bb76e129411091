package dev.cloister.vmm.vsock;

import dev.cloister.devices.virtio.vsock.HostStream;
import dev.cloister.devices.virtio.vsock.VsockConnection;
import dev.cloister.linux.ErrnoException;
import dev.cloister.linux.Poller;
import dev.cloister.linux.StreamSocket;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A connected Unix socket as the host's end of a guest's connection. Its state is the socket device's lock's. */
final class UnixStream implements HostStream {
    final StreamSocket socket;
    private final VsockEnds ends;

    @Nullable
    VsockConnection connection;

    /** Its place in the poller, which the ends' thread alone uses; -1 while it has none. */
    int slot = -1;
    /** Whether the ends' thread has to look at what changed here. */
    boolean changed;

    int events;
    boolean established;
    boolean hungUp;
    boolean closed;

    UnixStream(VsockEnds ends, StreamSocket socket) {
        this.ends = ends;
        this.socket = socket;
    }

    @Override
    public void established(int hostPort) throws IOException {
        established = true;
        byte[] answer = ("OK " + Integer.toUnsignedString(hostPort) + "\n").getBytes(StandardCharsets.US_ASCII);
        if (socket.send(answer, 0, answer.length) != answer.length) {
            throw new IOException("the program that connected doesn't read");
        }
    }

    @Override
    public int read(MemorySegment target, long offset, int length) throws IOException {
        int bytes = socket.read(target, offset, length);
        if (bytes == END && hungUp) {
            throw new IOException("the program has closed its socket");
        }
        return bytes;
    }

    @Override
    public int write(MemorySegment source, long offset, int length) throws IOException {
        return socket.write(source, offset, length);
    }

    @Override
    public void await(boolean readable, boolean writable) {
        int wanted = (readable ? Poller.IN : 0) | (writable ? Poller.OUT : 0);
        if (wanted != events) {
            events = wanted;
            ends.changed(this);
        }
    }

    @Override
    public void endOutput() {
        try {
            socket.shutdownWrite();
        } catch (ErrnoException e) {
            // The program is gone: its hang-up is on its way.
        }
    }

    @Override
    public void close() {
        closed = true;
        ends.changed(this);
    }
}
