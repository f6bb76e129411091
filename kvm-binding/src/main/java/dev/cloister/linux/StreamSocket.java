package dev.cloister.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A connected stream socket, non-blocking; wait with {@link Poller}. For one thread. */
public final class StreamSocket implements AutoCloseable {
    /** The most bytes that one call moves. */
    public static final int CHUNK = 16 << 10;

    private static final int MSG_NOSIGNAL = 0x4000;

    private final Fd fd;
    private final String name;
    private final Arena arena = Arena.ofAuto();
    private final MemorySegment buffer = arena.allocate(CHUNK);

    StreamSocket(Fd fd, String name) {
        this.fd = fd;
        this.name = name;
    }

    /**
     * Receives what is there.
     *
     * @param into receives at most {@link #CHUNK} bytes, from index 0
     * @return how many; 0 where nothing is there yet, -1 where the peer has closed or reset the connection
     * @throws ErrnoException when the kernel refuses
     */
    public int receive(byte[] into) throws ErrnoException {
        int most = Math.min(into.length, CHUNK);
        long result = Linux.syscall(Linux.SYS_READ, fd.number(), buffer.address(), most, 0, 0, 0);
        if (result == -Errno.EAGAIN || result == -Errno.EINTR) {
            return 0;
        }
        if (result == 0 || result == -Errno.ECONNRESET) {
            return -1;
        }
        int count = (int) Linux.check(result, "read", name);
        MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, into, 0, count);
        return count;
    }

    /**
     * Sends as much as the socket's buffer takes.
     *
     * @param from the bytes
     * @param offset the first
     * @param length how many
     * @return how many were taken; 0 where there is no room yet, -1 where the peer has gone
     * @throws ErrnoException when the kernel refuses
     */
    public int send(byte[] from, int offset, int length) throws ErrnoException {
        int most = Math.min(length, CHUNK);
        MemorySegment.copy(from, offset, buffer, ValueLayout.JAVA_BYTE, 0, most);
        long result = Linux.syscall(Linux.SYS_SENDTO, fd.number(), buffer.address(), most, MSG_NOSIGNAL, 0, 0);
        if (result == -Errno.EAGAIN || result == -Errno.EINTR) {
            return 0;
        }
        if (result == -Errno.EPIPE || result == -Errno.ECONNRESET) {
            return -1;
        }
        return (int) Linux.check(result, "sendto", name);
    }

    /**
     * The descriptor, which this object owns.
     *
     * @return the descriptor
     */
    public Fd fd() {
        return fd;
    }

    @Override
    public void close() {
        fd.close();
    }
}
