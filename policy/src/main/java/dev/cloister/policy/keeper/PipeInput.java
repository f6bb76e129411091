package dev.cloister.policy.keeper;

import dev.cloister.linux.Fd;
import dev.cloister.linux.Pipe;
import dev.cloister.linux.Poller;
import java.io.IOException;
import java.io.InputStream;

/** Bytes of a pipe that is not this object's. */
final class PipeInput extends InputStream {
    private final Fd fd;

    PipeInput(Fd fd) {
        this.fd = fd;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        Poller.await(fd, Poller.IN, -1);
        int count = Pipe.read(fd, bytes, offset, length);
        return count > 0 ? count : -1;
    }
}
