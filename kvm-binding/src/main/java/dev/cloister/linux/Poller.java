package dev.cloister.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;

/**
 * Waits for descriptors to become ready (poll(2)). The set is kept between calls and waiting allocates nothing. Used by one thread
 * at a time; another thread wakes it by signalling an {@link EventFd} in the set.
 */
public final class Poller implements AutoCloseable {
    /** There is something to read, or the end of the stream. */
    public static final int IN = 0x1;
    /** Writing would not block. */
    public static final int OUT = 0x4;
    /** An error, such as a pipe without readers; reported whether asked for or not. */
    public static final int ERR = 0x8;
    /** The peer hung up; reported whether asked for or not. */
    public static final int HUP = 0x10;
    /** The descriptor is not open; reported whether asked for or not. */
    public static final int NVAL = 0x20;

    // struct pollfd { int fd; short events; short revents; }
    private static final int ENTRY = 8;
    private static final int EVENTS = 4;
    private static final int REVENTS = 6;
    private static final int UNUSED = -1;
    private static final int INITIAL_SLOTS = 16;
    private static final long MEMORY_PAUSE_NANOS = 1_000_000;

    private static final int TIMESPEC = 16;
    private static final long SECOND = 1_000_000_000L;

    private final Arena arena = Arena.ofShared();
    /** struct timespec { long tv_sec; long tv_nsec; } */
    private final MemorySegment timespec = arena.allocate(TIMESPEC, 8);

    private MemorySegment entries = arena.allocate((long) INITIAL_SLOTS * ENTRY, ENTRY);
    private Fd[] fds = new Fd[INITIAL_SLOTS];
    private int used;

    /** Creates a poller with nothing to wait for. */
    public Poller() {}

    /**
     * Adds a descriptor.
     *
     * @param fd the descriptor; it must stay open until {@link #remove}
     * @param events {@link #IN} and {@link #OUT} bits
     * @return its slot, the key for the other methods; slots of removed descriptors are used again
     */
    public int add(Fd fd, int events) {
        int slot = 0;
        while (slot < used && fds[slot] != null) {
            slot++;
        }
        if (slot == fds.length) {
            grow();
        }
        used = Math.max(used, slot + 1);
        fds[slot] = fd;
        entries.set(ValueLayout.JAVA_INT, (long) slot * ENTRY, fd.number());
        entries.set(ValueLayout.JAVA_SHORT, (long) slot * ENTRY + EVENTS, (short) events);
        entries.set(ValueLayout.JAVA_SHORT, (long) slot * ENTRY + REVENTS, (short) 0);
        return slot;
    }

    private void grow() {
        MemorySegment larger = arena.allocate(entries.byteSize() * 2, ENTRY);
        larger.copyFrom(entries);
        entries = larger;
        fds = Arrays.copyOf(fds, fds.length * 2);
    }

    /**
     * Changes what is waited for.
     *
     * @param slot the slot
     * @param events {@link #IN} and {@link #OUT} bits; 0 leaves {@link #ERR} and {@link #HUP}
     */
    public void change(int slot, int events) {
        entries.set(ValueLayout.JAVA_SHORT, offset(slot) + EVENTS, (short) events);
    }

    /**
     * Takes a descriptor out, without closing it.
     *
     * @param slot the slot
     */
    public void remove(int slot) {
        long offset = offset(slot);
        fds[slot] = null;
        entries.set(ValueLayout.JAVA_INT, offset, UNUSED);
        entries.set(ValueLayout.JAVA_SHORT, offset + REVENTS, (short) 0);
    }

    /**
     * Waits until a descriptor is ready or the time is over. An interruption by a signal, or a
     * shortage of kernel memory, continues the wait.
     *
     * @param timeoutMillis milliseconds; 0 looks without waiting, negative waits without end
     * @return how many descriptors are ready, 0 when the time is over
     * @throws ErrnoException when the kernel refuses
     */
    public int poll(long timeoutMillis) throws ErrnoException {
        return poll(entries, used, timeoutMillis);
    }

    /**
     * As {@link #poll}, for waits that must not last a millisecond longer (ppoll(2)).
     *
     * @param timeoutNanos nanoseconds; 0 looks without waiting, negative waits without end
     * @return how many descriptors are ready, 0 when the time is over
     * @throws ErrnoException when the kernel refuses
     */
    public int pollNanos(long timeoutNanos) throws ErrnoException {
        long end = System.nanoTime() + timeoutNanos;
        long left = timeoutNanos;
        while (true) {
            timespec.set(ValueLayout.JAVA_LONG, 0, left / SECOND);
            timespec.set(ValueLayout.JAVA_LONG, Long.BYTES, left % SECOND);
            long time = timeoutNanos < 0 ? 0 : timespec.address();
            long result = Linux.syscall(Linux.SYS_PPOLL, entries.address(), used, time, 0, 0, 0);
            if (result == -Errno.ENOMEM) {
                LockSupport.parkNanos(MEMORY_PAUSE_NANOS);
            } else if (result != -Errno.EINTR) {
                return (int) Linux.check(result, "ppoll", used + " descriptors");
            }
            left = Math.max(0, end - System.nanoTime());
        }
    }

    private static int poll(MemorySegment entries, int count, long timeoutMillis) throws ErrnoException {
        long end = timeoutMillis > 0 ? System.nanoTime() + timeoutMillis * 1_000_000 : 0;
        long wait = Math.min(timeoutMillis, Integer.MAX_VALUE);
        while (true) {
            long result = Linux.syscall(Linux.SYS_POLL, entries.address(), count, wait, 0, 0, 0);
            if (result == -Errno.ENOMEM) {
                // The kernel found no room for its own copy of the set (poll(2)): that passes, and a loop that gave up
                // would
                // take everything with it that it serves.
                LockSupport.parkNanos(MEMORY_PAUSE_NANOS);
            } else if (result != -Errno.EINTR) {
                return (int) Linux.check(result, "poll", count + " descriptors");
            }
            if (timeoutMillis > 0) {
                // Rounded up, so that a wait never ends early; an expired one looks once more without waiting.
                wait = Math.max(0, (end - System.nanoTime() + 999_999) / 1_000_000);
            }
        }
    }

    /**
     * What the last {@link #poll} found.
     *
     * @param slot the slot
     * @return event bits, 0 where the descriptor is not ready
     */
    public int ready(int slot) {
        return entries.get(ValueLayout.JAVA_SHORT, offset(slot) + REVENTS);
    }

    /**
     * The descriptor of a slot.
     *
     * @param slot the slot
     * @return the descriptor
     */
    public Fd fd(int slot) {
        offset(slot);
        return fds[slot];
    }

    private long offset(int slot) {
        if (slot < 0 || slot >= used || fds[slot] == null) {
            throw new IllegalArgumentException("slot " + slot + " holds no descriptor");
        }
        return (long) slot * ENTRY;
    }

    /**
     * Waits for one descriptor.
     *
     * @param fd the descriptor
     * @param events {@link #IN} and {@link #OUT} bits
     * @param timeoutMillis milliseconds; 0 looks without waiting, negative waits without end
     * @return event bits, 0 when the time is over
     * @throws ErrnoException when the kernel refuses
     */
    public static int await(Fd fd, int events, long timeoutMillis) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment entry = arena.allocate(ENTRY, ENTRY);
            entry.set(ValueLayout.JAVA_INT, 0, fd.number());
            entry.set(ValueLayout.JAVA_SHORT, EVENTS, (short) events);
            poll(entry, 1, timeoutMillis);
            return entry.get(ValueLayout.JAVA_SHORT, REVENTS);
        }
    }

    /** Frees the set; the descriptors stay open. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
