package dev.cloister.vmm.vsock;

import dev.cloister.devices.virtio.vsock.HostStream;
import dev.cloister.devices.virtio.vsock.Vsock;
import dev.cloister.devices.virtio.vsock.VsockConnection;
import dev.cloister.policy.socket.LocalEnd;
import dev.cloister.policy.socket.PeerStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** A guest's end of a connection to another endpoint of the policy, and that one's end as the device sees it. Its state is the device's lock's. */
final class GuestEnd implements LocalEnd {
    private final Vsock vsock;

    @Nullable
    VsockConnection connection;

    GuestEnd(Vsock vsock) {
        this.vsock = vsock;
    }

    @Override
    public void opened(PeerStream stream) {
        VsockConnection with = connection;
        if (with != null) {
            vsock.opened(with, new Other(stream));
        }
    }

    @Override
    public void refused() {
        VsockConnection with = connection;
        if (with != null) {
            vsock.refused(with);
        }
    }

    @Override
    public void ready(boolean readable, boolean writable) {
        VsockConnection with = connection;
        if (with != null) {
            vsock.ready(with, readable, writable);
        }
    }

    /** The other end. */
    record Other(PeerStream stream) implements HostStream {
        @Override
        public void established(int hostPort) {
            stream.accept();
        }

        @Override
        public int read(MemorySegment target, long offset, int length) throws IOException {
            return stream.read(target, offset, length);
        }

        @Override
        public int write(MemorySegment source, long offset, int length) throws IOException {
            return stream.write(source, offset, length);
        }

        @Override
        public void await(boolean readable, boolean writable) {
            stream.await(readable, writable);
        }

        @Override
        public void endOutput() {
            stream.endOutput();
        }

        @Override
        public void close() {
            stream.close();
        }
    }
}
