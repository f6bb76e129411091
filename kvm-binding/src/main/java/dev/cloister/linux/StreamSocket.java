package dev.cloister.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/** A connected stream socket, non-blocking; wait with {@link Poller}. For one thread. */
public final class StreamSocket implements AutoCloseable {
    /** The most bytes that one call moves. */
    public static final int CHUNK = 16 << 10;

    private static final int MSG_NOSIGNAL = 0x4000;

    private static final int AF_UNIX = 1;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SHUT_RD = 0;
    private static final int SHUT_WR = 1;
    private static final int SYS_SOCKET = 41;
    private static final int SYS_CONNECT = 42;
    private static final int SYS_SHUTDOWN = 48;

    private final Fd fd;
    private final String name;
    /** For callers with arrays; none is made for the others. */
    private MemorySegment buffer = MemorySegment.NULL;

    StreamSocket(Fd fd, String name) {
        this.fd = fd;
        this.name = name;
    }

    /**
     * Takes over a connected socket that another process handed over.
     *
     * @param fd the socket; it becomes this object's, and non-blocking
     * @param name what messages call it
     * @return its owner
     * @throws ErrnoException when the kernel refuses; the descriptor is closed then
     */
    public static StreamSocket adopt(Fd fd, String name) throws ErrnoException {
        try {
            fd.setNonBlocking(true);
        } catch (ErrnoException e) {
            fd.close();
            throw e;
        }
        return new StreamSocket(fd, name);
    }

    /**
     * Connects to a Unix socket in the file system, without waiting (unix(7)).
     *
     * @param path where somebody listens, at most 107 bytes
     * @return the connection
     * @throws ErrnoException {@code ENOENT} or {@code ECONNREFUSED} where nobody listens, {@code EAGAIN} where too many wait already
     */
    public static StreamSocket connect(Path path) throws ErrnoException {
        Fd fd = Fd.own((int) Linux.check(
                Linux.syscall(SYS_SOCKET, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | Linux.O_NONBLOCK, 0, 0, 0, 0),
                "socket",
                path.toString()));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = StreamListener.address(arena, path);
            Linux.check(
                    Linux.syscall(SYS_CONNECT, fd.number(), address.address(), address.byteSize(), 0, 0, 0),
                    "connect",
                    path.toString());
            return new StreamSocket(fd, path.toString());
        } catch (ErrnoException | IllegalArgumentException e) {
            fd.close();
            throw e;
        }
    }

    /**
     * Receives what is there, straight into native memory.
     *
     * @param into where to, native
     * @param offset its first byte
     * @param length at most this many bytes, at least 1
     * @return how many; 0 where nothing is there yet, -1 behind the last
     * @throws ErrnoException when the connection is broken, {@code ECONNRESET}, or the kernel refuses
     */
    public int read(MemorySegment into, long offset, int length) throws ErrnoException {
        long at = into.asSlice(offset, length).address();
        long result = Linux.syscall(Linux.SYS_READ, fd.number(), at, length, 0, 0, 0);
        if (result == -Errno.EAGAIN || result == -Errno.EINTR) {
            return 0;
        }
        return result == 0 ? -1 : (int) Linux.check(result, "read", name);
    }

    /**
     * Sends as much as the socket's buffer takes, straight from native memory.
     *
     * @param from where from, native
     * @param offset its first byte
     * @param length how many bytes, at least 1
     * @return how many were taken; 0 where there is no room yet
     * @throws ErrnoException {@code EPIPE} when the peer reads no more, or the kernel refuses
     */
    public int write(MemorySegment from, long offset, int length) throws ErrnoException {
        long at = from.asSlice(offset, length).address();
        long result = Linux.syscall(Linux.SYS_SENDTO, fd.number(), at, length, MSG_NOSIGNAL, 0, 0);
        if (result == -Errno.EAGAIN || result == -Errno.EINTR) {
            return 0;
        }
        return (int) Linux.check(result, "sendto", name);
    }

    /**
     * Tells the peer that nothing more will be sent; what was sent is still delivered.
     *
     * @throws ErrnoException {@code ENOTCONN} when the connection is over already
     */
    public void shutdownWrite() throws ErrnoException {
        Linux.check(Linux.syscall(SYS_SHUTDOWN, fd.number(), SHUT_WR, 0, 0, 0, 0), "shutdown", name);
    }

    /**
     * Tells the peer that nothing more is read: what it writes from now on fails with {@code EPIPE}.
     *
     * @throws ErrnoException {@code ENOTCONN} when the connection is over already
     */
    public void shutdownRead() throws ErrnoException {
        Linux.check(Linux.syscall(SYS_SHUTDOWN, fd.number(), SHUT_RD, 0, 0, 0, 0), "shutdown", name);
    }

    private MemorySegment buffer() {
        if (buffer.address() == 0) {
            buffer = Arena.ofAuto().allocate(CHUNK);
        }
        return buffer;
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
        MemorySegment bytes = buffer();
        long result = Linux.syscall(Linux.SYS_READ, fd.number(), bytes.address(), most, 0, 0, 0);
        if (result == -Errno.EAGAIN || result == -Errno.EINTR) {
            return 0;
        }
        if (result == 0 || result == -Errno.ECONNRESET) {
            return -1;
        }
        int count = (int) Linux.check(result, "read", name);
        MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, 0, into, 0, count);
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
        MemorySegment bytes = buffer();
        MemorySegment.copy(from, offset, bytes, ValueLayout.JAVA_BYTE, 0, most);
        long result = Linux.syscall(Linux.SYS_SENDTO, fd.number(), bytes.address(), most, MSG_NOSIGNAL, 0, 0);
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
