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
    private static final int SYS_BIND = 49;
    /** Bytes of {@code sun_path} with its NUL, unix(7). */
    private static final int PATH_BYTES = 108;

    private final Fd fd;
    private final String path;

    private UnixDatagram(Fd fd, String path) {
        this.fd = fd;
        this.path = path;
    }

    /**
     * Connects a datagram socket that carries descriptors as well.
     *
     * @param name a path, or an abstract name that begins with {@code @}; at most 107 bytes
     * @return the connected socket
     * @throws ErrnoException {@code ENOENT} or {@code ECONNREFUSED} when nobody listens there
     */
    public static MessageSocket messages(String name) throws ErrnoException {
        return named(SYS_CONNECT, "connect", name);
    }

    /**
     * Binds a datagram socket, to receive what comes with its descriptors.
     *
     * @param name a path that does not exist, or an abstract name that begins with {@code @}; at most 107 bytes
     * @return the bound socket
     * @throws ErrnoException {@code EADDRINUSE} when it exists
     */
    public static MessageSocket bind(String name) throws ErrnoException {
        return named(SYS_BIND, "bind", name);
    }

    private static MessageSocket named(int call, String what, String name) throws ErrnoException {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || bytes.length >= PATH_BYTES) {
            throw new IllegalArgumentException("\"" + name + "\" is not of 1 to " + (PATH_BYTES - 1) + " bytes");
        }
        if (bytes[0] == '@') {
            bytes[0] = 0;
        }
        Fd fd = Fd.own((int) Linux.check(
                Linux.syscall(SYS_SOCKET, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, 0, 0, 0), "socket", "AF_UNIX"));
        try (Arena arena = Arena.ofConfined()) {
            // A path ends with a NUL; an abstract name is as long as it is said to be.
            int length = 2 + bytes.length + (bytes[0] == 0 ? 0 : 1);
            MemorySegment address = arena.allocate(2 + PATH_BYTES, 2);
            address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
            MemorySegment.copy(bytes, 0, address, ValueLayout.JAVA_BYTE, 2, bytes.length);
            Linux.check(Linux.syscall(call, fd.number(), address.address(), length, 0, 0, 0), what, name);
            return MessageSocket.adopt(fd);
        } catch (ErrnoException e) {
            fd.close();
            throw e;
        }
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
