package dev.cloister.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/**
 * A listening stream socket that this host's users alone can reach: TCP on 127.0.0.1 (tcp(7)) or a Unix socket in the file system
 * (unix(7)). Made so that a process in a sandbox needs one call, {@code accept4} on this descriptor, to take connections. Non-blocking;
 * wait with {@link Poller}. For one thread.
 */
public final class StreamListener implements AutoCloseable {
    private static final int AF_UNIX = 1;
    private static final int AF_INET = 2;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_REUSEADDR = 2;
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_NODELAY = 1;
    private static final int SYS_SOCKET = 41;
    private static final int SYS_BIND = 49;
    private static final int SYS_LISTEN = 50;
    private static final int SYS_GETSOCKNAME = 51;
    private static final int SYS_SETSOCKOPT = 54;
    private static final int SYS_ACCEPT4 = 288;
    private static final int LOOPBACK = 0x7f00_0001;
    private static final int BACKLOG = 64;
    private static final int FILE_TYPE = 0xf000;
    private static final int SOCKET_FILE = 0xc000;
    private static final int MAX_PORT = 0xffff;
    /** Bytes of {@code sun_path} with its NUL, unix(7). */
    private static final int PATH_BYTES = 108;

    private final Fd fd;
    private final String name;

    private StreamListener(Fd fd, String name) {
        this.fd = fd;
        this.name = name;
    }

    /**
     * Listens on 127.0.0.1.
     *
     * @param port 1 to 65535, or 0 for any that is free
     * @return its owner
     * @throws ErrnoException {@code EADDRINUSE} when another listens there, {@code EACCES} for a privileged port
     */
    public static StreamListener loopback(int port) throws ErrnoException {
        if (port < 0 || port > MAX_PORT) {
            throw new IllegalArgumentException("port " + port + "; expected 0 to " + MAX_PORT);
        }
        Fd fd = socket(AF_INET);
        try (Arena arena = Arena.ofConfined()) {
            // struct sockaddr_in { u16 family; be16 port; be32 address; u8 zero[8] }
            MemorySegment address = arena.allocate(16, 4);
            address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_INET);
            address.set(ValueLayout.JAVA_SHORT, 2, Short.reverseBytes((short) port));
            address.set(ValueLayout.JAVA_INT, 4, Integer.reverseBytes(LOOPBACK));
            switchOn(arena, fd, SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR");
            // Inherited by the connections that are accepted.
            switchOn(arena, fd, IPPROTO_TCP, TCP_NODELAY, "TCP_NODELAY");
            String wanted = "127.0.0.1:" + port;
            bind(fd, address, wanted);
            listen(fd, wanted);
            MemorySegment length = arena.allocate(ValueLayout.JAVA_INT, 16);
            Linux.check(
                    Linux.syscall(SYS_GETSOCKNAME, fd.number(), address.address(), length.address(), 0, 0, 0),
                    "getsockname",
                    wanted);
            int bound = Short.toUnsignedInt(Short.reverseBytes(address.get(ValueLayout.JAVA_SHORT, 2)));
            return new StreamListener(fd, "127.0.0.1:" + bound);
        } catch (ErrnoException e) {
            fd.close();
            throw e;
        }
    }

    /**
     * Listens at a path that only this process's user can reach. A socket that nobody listens at any more is replaced.
     *
     * @param path the path, at most 107 bytes
     * @return its owner; the path stays behind when it is closed
     * @throws IOException an {@link ErrnoException} such as {@code EADDRINUSE} when something else is there
     */
    public static StreamListener unix(Path path) throws IOException {
        Arena arena = Arena.ofAuto();
        MemorySegment address = address(arena, path);
        Fd fd = socket(AF_UNIX);
        try {
            try {
                bind(fd, address, path.toString());
            } catch (ErrnoException e) {
                if (e.errno() != Errno.EADDRINUSE || !isLeftover(path)) {
                    throw e;
                }
                Files.delete(path);
                bind(fd, address, path.toString());
            }
            // Nobody can connect before it listens.
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
            listen(fd, path.toString());
            return new StreamListener(fd, path.toString());
        } catch (IOException e) {
            fd.close();
            throw e;
        }
    }

    /** A {@code struct sockaddr_un}. */
    static MemorySegment address(Arena arena, Path path) {
        byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || bytes.length >= PATH_BYTES) {
            throw new IllegalArgumentException("\"" + path + "\" is not of 1 to " + (PATH_BYTES - 1) + " bytes");
        }
        MemorySegment address = arena.allocate(2 + PATH_BYTES, 2);
        address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
        MemorySegment.copy(bytes, 0, address, ValueLayout.JAVA_BYTE, 2, bytes.length);
        return address;
    }

    /** Whether a socket is there and nobody listens at it. */
    private static boolean isLeftover(Path path) throws IOException {
        int mode = (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        if ((mode & FILE_TYPE) != SOCKET_FILE) {
            return false;
        }
        try (SocketChannel probe = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            return !probe.isConnected();
        } catch (ConnectException e) {
            return true;
        }
    }

    private static Fd socket(int family) throws ErrnoException {
        int type = SOCK_STREAM | SOCK_CLOEXEC | Linux.O_NONBLOCK;
        return Fd.own((int) Linux.check(Linux.syscall(SYS_SOCKET, family, type, 0, 0, 0, 0), "socket", "a listener"));
    }

    private static void switchOn(Arena arena, Fd fd, int level, int option, String what) throws ErrnoException {
        MemorySegment one = arena.allocateFrom(ValueLayout.JAVA_INT, 1);
        Linux.check(
                Linux.syscall(SYS_SETSOCKOPT, fd.number(), level, option, one.address(), Integer.BYTES, 0),
                "setsockopt",
                what);
    }

    private static void bind(Fd fd, MemorySegment address, String where) throws ErrnoException {
        Linux.check(
                Linux.syscall(SYS_BIND, fd.number(), address.address(), address.byteSize(), 0, 0, 0), "bind", where);
    }

    private static void listen(Fd fd, String where) throws ErrnoException {
        Linux.check(Linux.syscall(SYS_LISTEN, fd.number(), BACKLOG, 0, 0, 0, 0), "listen", where);
    }

    /**
     * Takes a connection that waits, without waiting itself.
     *
     * @return the connection, or nothing where none waits (any more)
     * @throws ErrnoException when the kernel refuses
     */
    public Optional<StreamSocket> accept() throws ErrnoException {
        long result = Linux.syscall(SYS_ACCEPT4, fd.number(), 0, 0, SOCK_CLOEXEC | Linux.O_NONBLOCK, 0, 0);
        if (result == -Errno.EAGAIN || result == -Errno.EINTR || result == -Errno.ECONNABORTED) {
            return Optional.empty();
        }
        return Optional.of(new StreamSocket(Fd.own((int) Linux.check(result, "accept4", name)), name));
    }

    /**
     * The descriptor, which this object owns.
     *
     * @return the descriptor
     */
    public Fd fd() {
        return fd;
    }

    /**
     * Where it listens.
     *
     * @return {@code 127.0.0.1:PORT} or the path
     */
    public String name() {
        return name;
    }

    @Override
    public void close() {
        fd.close();
    }
}
