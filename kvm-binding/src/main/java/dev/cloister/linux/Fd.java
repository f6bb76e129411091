package dev.cloister.linux;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * A file descriptor with one owner, who closes it. Thread-safe; closing twice is harmless. The owner sees to it that nobody uses
 * the number of a descriptor that it has closed: the kernel gives the number to the next one.
 */
public final class Fd implements AutoCloseable {
    private static final int CLOSED = -1;
    private static final int F_DUPFD_CLOEXEC = 1030;
    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;

    private final AtomicInteger number;

    private Fd(int number) {
        this.number = new AtomicInteger(number);
    }

    /**
     * Takes ownership of a descriptor that nobody else owns.
     *
     * @param number an open descriptor's number, at least 0
     * @return its owner
     */
    public static Fd own(int number) {
        if (number < 0) {
            throw new IllegalArgumentException("descriptor number " + number + " is negative");
        }
        return new Fd(number);
    }

    /**
     * The number, for as long as this owner has not closed it.
     *
     * @return at least 0
     * @throws IllegalStateException when closed or released
     */
    public int number() {
        int n = number.get();
        if (n == CLOSED) {
            throw new IllegalStateException("the descriptor is closed");
        }
        return n;
    }

    /**
     * Whether this owner still holds the descriptor.
     *
     * @return false once closed or released
     */
    public boolean isOpen() {
        return number.get() != CLOSED;
    }

    /**
     * A second descriptor for the same open file, close-on-exec, with an owner of its own.
     *
     * @return the duplicate
     * @throws ErrnoException when the kernel refuses
     */
    public Fd duplicate() throws ErrnoException {
        return duplicateAtLeast(0);
    }

    Fd duplicateAtLeast(int minimum) throws ErrnoException {
        return own((int) fcntl(F_DUPFD_CLOEXEC, minimum, "F_DUPFD_CLOEXEC"));
    }

    /**
     * Gives ownership away without closing: the caller now answers for the number.
     *
     * @return the number
     */
    public int release() {
        int n = number.getAndSet(CLOSED);
        if (n == CLOSED) {
            throw new IllegalStateException("the descriptor is closed");
        }
        return n;
    }

    /**
     * Sets or clears {@code O_NONBLOCK} on the open file (all its duplicates share it).
     *
     * @param nonBlocking whether reads and writes return {@code EAGAIN} instead of waiting
     * @throws ErrnoException when the kernel refuses
     */
    public void setNonBlocking(boolean nonBlocking) throws ErrnoException {
        long flags = fcntl(F_GETFL, 0, "F_GETFL");
        long wanted = nonBlocking ? flags | Linux.O_NONBLOCK : flags & ~Linux.O_NONBLOCK;
        fcntl(F_SETFL, wanted, "F_SETFL");
    }

    long fcntl(int command, long argument, String name) throws ErrnoException {
        int n = number();
        return Linux.check(Linux.syscall(Linux.SYS_FCNTL, n, command, argument, 0, 0, 0), "fcntl " + name, "fd " + n);
    }

    /** Closes the descriptor; a second call does nothing. The number is free at once, whatever the kernel's close returns. */
    @Override
    public void close() {
        int n = number.getAndSet(CLOSED);
        if (n != CLOSED) {
            // close(2): on Linux the descriptor is gone even where the call reports EINTR or EIO, so there is nothing
            // to retry.
            Linux.syscall(Linux.SYS_CLOSE, n, 0, 0, 0, 0, 0);
        }
    }

    @Override
    public String toString() {
        int n = number.get();
        return n == CLOSED ? "fd closed" : "fd " + n;
    }
}
