package dev.cloister.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** An event counter in the kernel (eventfd(2)): a one-way doorbell. Thread-safe. Always non-blocking; wait with {@link Poller}. */
public final class EventFd implements AutoCloseable {
    private static final MemorySegment ONE = Arena.global().allocateFrom(ValueLayout.JAVA_LONG, 1);

    /** Where {@link #take} puts counts that nobody looks at. */
    private static final MemorySegment IGNORED = Arena.global().allocate(ValueLayout.JAVA_LONG);

    private final Fd fd;

    private EventFd(Fd fd) {
        this.fd = fd;
    }

    /**
     * Creates a counter at 0.
     *
     * @return its owner
     * @throws ErrnoException when the kernel refuses
     */
    public static EventFd create() throws ErrnoException {
        long result = Linux.syscall(Linux.SYS_EVENTFD2, 0, Linux.O_CLOEXEC | Linux.O_NONBLOCK, 0, 0, 0, 0);
        return new EventFd(Fd.own((int) Linux.check(result, "eventfd2", "")));
    }

    /**
     * Takes ownership of an eventfd that came over a socket.
     *
     * @param fd the descriptor; it is made non-blocking
     * @return its owner
     * @throws ErrnoException when the kernel refuses
     */
    public static EventFd adopt(Fd fd) throws ErrnoException {
        fd.setNonBlocking(true);
        return new EventFd(fd);
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
     * Adds one to the counter. A counter that is full (2⁶⁴ − 2 signals undrained) stays as it is: the reader is signalled anyway.
     * Allocates nothing.
     *
     * @throws ErrnoException when the kernel refuses for another reason
     */
    public void signal() throws ErrnoException {
        int n = fd.number();
        long result;
        do {
            result = Linux.syscall(Linux.SYS_WRITE, n, ONE.address(), 8, 0, 0, 0);
        } while (result == -Errno.EINTR);
        if (result < 0 && result != -Errno.EAGAIN) {
            throw new ErrnoException("write", "eventfd " + n, (int) -result);
        }
    }

    /**
     * As {@link #signal}, for a doorbell of this process' own: made here and open, so that the kernel has no reason to refuse. Allocates
     * nothing.
     *
     * @throws IllegalStateException if it refuses all the same
     */
    public void ring() {
        try {
            signal();
        } catch (ErrnoException e) {
            throw new IllegalStateException("a doorbell of this very process", e);
        }
    }

    /**
     * Takes the counter's value and sets it to 0, without waiting.
     *
     * @return signals since the last drain, 0 where there were none
     * @throws ErrnoException when the kernel refuses
     */
    public long drain() throws ErrnoException {
        int n = fd.number();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(ValueLayout.JAVA_LONG);
            long result;
            do {
                result = Linux.syscall(Linux.SYS_READ, n, value.address(), 8, 0, 0, 0);
            } while (result == -Errno.EINTR);
            if (result == -Errno.EAGAIN) {
                return 0;
            }
            Linux.check(result, "read", "eventfd " + n);
            return value.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /**
     * Sets the counter to 0, without waiting. Allocates nothing.
     *
     * @return whether there were signals since the last time
     */
    public boolean take() {
        int n = fd.number();
        long result;
        do {
            result = Linux.syscall(Linux.SYS_READ, n, IGNORED.address(), Long.BYTES, 0, 0, 0);
        } while (result == -Errno.EINTR);
        return result == Long.BYTES;
    }

    @Override
    public void close() {
        fd.close();
    }
}
