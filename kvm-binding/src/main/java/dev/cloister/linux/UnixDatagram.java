package dev.cloister.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The sending side of a {@code SOCK_DGRAM} Unix socket that is connected to a path (unix(7)). For one thread. */
public final class UnixDatagram implements AutoCloseable {
    private static final int AF_UNIX = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int SYS_SOCKET = 41;
    private static final int SYS_CONNECT = 42;
    private static final int SYS_SENDTO = 44;
    /** Bytes of {@code sun_path} with its NUL, unix(7). */
    private static final int PATH_BYTES = 108;

    private final Fd fd;
    private final String path;

    private UnixDatagram(Fd fd, String path) {
        this.fd = fd;
        this.path = path;
    }

    /**
     * Connects to a bound socket.
     *
     * @param path its name in the file system, at most 107 bytes
     * @return the connected socket
     * @throws ErrnoException {@code ENOENT} or {@code ECONNREFUSED} when nobody listens there
     */
    public static UnixDatagram connect(Path path) throws ErrnoException {
        byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
        if (name.length >= PATH_BYTES) {
            throw new IllegalArgumentException(path + " is longer than " + (PATH_BYTES - 1) + " bytes");
        }
        Fd fd = Fd.own((int) Linux.check(
                Linux.syscall(SYS_SOCKET, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, 0, 0, 0), "socket", "AF_UNIX"));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(2 + PATH_BYTES, 2);
            address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
            MemorySegment.copy(name, 0, address, ValueLayout.JAVA_BYTE, 2, name.length);
            Linux.check(
                    Linux.syscall(SYS_CONNECT, fd.number(), address.address(), address.byteSize(), 0, 0, 0),
                    "connect",
                    path.toString());
            return new UnixDatagram(fd, path.toString());
        } catch (ErrnoException e) {
            fd.close();
            throw e;
        }
    }

    /**
     * Sends one datagram; waits while the receiver's queue is full.
     *
     * @param data its bytes
     * @throws ErrnoException {@code EMSGSIZE} when it is too long for the socket's buffer, {@code ECONNREFUSED} when the receiver is
     *     gone
     */
    public void send(byte[] data) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(Math.max(1, data.length));
            MemorySegment.copy(data, 0, bytes, ValueLayout.JAVA_BYTE, 0, data.length);
            Linux.check(
                    Linux.syscall(SYS_SENDTO, fd.number(), bytes.address(), data.length, MSG_NOSIGNAL, 0, 0),
                    "sendto",
                    path);
        }
    }

    @Override
    public void close() {
        fd.close();
    }
}
