package dev.cloister.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A one-way byte stream in the kernel (pipe(2)): what goes in at the write end comes out at the read end, and nothing travels back
 * but the fact that it was taken. Both ends are non-blocking; wait with {@link Poller}.
 *
 * @param readEnd the end to read from, owned by the holder of this record
 * @param writeEnd the end to write to, owned by the holder of this record
 */
public record Pipe(Fd readEnd, Fd writeEnd) implements AutoCloseable {
    private static final int F_SETPIPE_SZ = 1031;
    private static final int F_GETPIPE_SZ = 1032;
    /** Packet mode of pipe(2). */
    private static final int O_DIRECT = 0x4000;

    private static final int STREAM = 0;
    private static final int PAGE = 4096;

    /** Most bytes of one packet: {@code PIPE_BUF} of pipe(7). */
    public static final int MOST_PACKET = 4096;

    /**
     * Creates a pipe.
     *
     * @return both ends
     * @throws ErrnoException when the kernel refuses
     */
    public static Pipe create() throws ErrnoException {
        return open(STREAM);
    }

    /**
     * Creates a pipe in packet mode ({@code O_DIRECT} of pipe(2)): each write of 1 to {@link #MOST_PACKET} bytes is taken whole or not at
     * all, and each read with room for as much gives one of them. Only whoever has the write end can undo that, for what it writes.
     *
     * @param packets how many it holds at least, 1 to 256
     * @return both ends
     * @throws ErrnoException when the kernel refuses
     */
    public static Pipe packets(int packets) throws ErrnoException {
        return sized(open(O_DIRECT), packets * PAGE);
    }

    private static Pipe open(int mode) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ends = arena.allocate(ValueLayout.JAVA_INT, 2);
            int flags = Linux.O_CLOEXEC | Linux.O_NONBLOCK | mode;
            Linux.check(Linux.syscall(Linux.SYS_PIPE2, ends.address(), flags, 0, 0, 0, 0), "pipe2", "");
            return new Pipe(
                    Fd.own(ends.get(ValueLayout.JAVA_INT, 0)), Fd.own(ends.getAtIndex(ValueLayout.JAVA_INT, 1)));
        }
    }

    /**
     * Creates a pipe that holds at least so many bytes.
     *
     * @param capacity bytes wanted; the kernel rounds up to a power of two of pages
     * @return both ends
     * @throws ErrnoException {@code EPERM} above {@code /proc/sys/fs/pipe-max-size}
     */
    public static Pipe create(int capacity) throws ErrnoException {
        return sized(create(), capacity);
    }

    private static Pipe sized(Pipe pipe, int capacity) throws ErrnoException {
        try {
            pipe.writeEnd.fcntl(F_SETPIPE_SZ, capacity, "F_SETPIPE_SZ");
            return pipe;
        } catch (ErrnoException e) {
            pipe.close();
            throw e;
        }
    }

    /**
     * How much the pipe holds.
     *
     * @return bytes
     * @throws ErrnoException when the kernel refuses
     */
    public int capacity() throws ErrnoException {
        return (int) writeEnd.fcntl(F_GETPIPE_SZ, 0, "F_GETPIPE_SZ");
    }

    /**
     * Reads what is there, without waiting and without allocating.
     *
     * @param fd the read end (or any other non-blocking descriptor)
     * @param into native memory to read into
     * @return bytes read, at least 1; 0 where nothing is there now; -1 at the end of the stream (no writer is left)
     * @throws ErrnoException when the kernel refuses
     */
    public static int read(Fd fd, MemorySegment into) throws ErrnoException {
        int n = fd.number();
        long result;
        do {
            result = Linux.syscall(Linux.SYS_READ, n, into.address(), into.byteSize(), 0, 0, 0);
        } while (result == -Errno.EINTR);
        if (result == -Errno.EAGAIN) {
            return 0;
        }
        Linux.check(result, "read", "fd " + n);
        return result == 0 ? -1 : (int) result;
    }

    /**
     * Writes what fits, without waiting and without allocating.
     *
     * @param fd the write end (or any other non-blocking descriptor)
     * @param from native memory to write from
     * @return bytes written; 0 where nothing fits now
     * @throws ErrnoException {@code EPIPE} where no reader is left
     */
    public static int write(Fd fd, MemorySegment from) throws ErrnoException {
        int n = fd.number();
        long result;
        do {
            result = Linux.syscall(Linux.SYS_WRITE, n, from.address(), from.byteSize(), 0, 0, 0);
        } while (result == -Errno.EINTR);
        if (result == -Errno.EAGAIN) {
            return 0;
        }
        return (int) Linux.check(result, "write", "fd " + n);
    }

    /**
     * {@link #read(Fd, MemorySegment)} into an array.
     *
     * @param fd the read end
     * @param into where the bytes go
     * @param offset index of the first
     * @param length most bytes to read, above 0
     * @return bytes read, 0 for nothing now, -1 at the end of the stream
     * @throws ErrnoException when the kernel refuses
     */
    public static int read(Fd fd, byte[] into, int offset, int length) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(length);
            int count = read(fd, buffer);
            if (count > 0) {
                MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, into, offset, count);
            }
            return count;
        }
    }

    /**
     * {@link #write(Fd, MemorySegment)} from an array.
     *
     * @param fd the write end
     * @param from where the bytes are
     * @param offset index of the first
     * @param length bytes to write
     * @return bytes written, 0 where nothing fits now
     * @throws ErrnoException {@code EPIPE} where no reader is left
     */
    public static int write(Fd fd, byte[] from, int offset, int length) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(Math.max(length, 1));
            MemorySegment.copy(from, offset, buffer, ValueLayout.JAVA_BYTE, 0, length);
            return write(fd, buffer.asSlice(0, length));
        }
    }

    @Override
    public void close() {
        writeEnd.close();
        readEnd.close();
    }
}
