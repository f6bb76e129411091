package dev.cloister.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.util.function.Consumer;

/**
 * A regular file or block device, read and written at offsets, straight from and to native memory. Thread-safe; allocates nothing after
 * a thread's first transfer. Owns its descriptor.
 */
public final class BlockFile implements AutoCloseable {
    /** The most segments of one transfer (limits.h, IOV_MAX). */
    public static final int MAX_SEGMENTS = 1024;

    private static final long SYS_LSEEK = 8;
    private static final long SYS_FLOCK = 73;
    private static final long SYS_FDATASYNC = 75;
    private static final long SYS_FALLOCATE = 285;
    private static final long SYS_PREADV = 295;
    private static final long SYS_PWRITEV = 296;

    private static final int SEEK_END = 2;
    private static final int LOCK_SH = 1;
    private static final int LOCK_EX = 2;
    private static final int LOCK_NB = 4;
    private static final int LOCK_UN = 8;
    private static final int KEEP_SIZE = 1;
    private static final int PUNCH_HOLE = 2;
    private static final int ZERO_RANGE = 0x10;
    private static final int IOVEC_BYTES = 16;
    private static final int ZEROS_BYTES = 64 << 10;

    // Never closed: 16 KiB for each thread that has ever made a transfer, reclaimed with the thread.
    private static final ThreadLocal<MemorySegment> VECTORS =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate((long) MAX_SEGMENTS * IOVEC_BYTES, Long.BYTES));

    private final Fd fd;
    private final String name;
    private final long bytes;

    private BlockFile(Fd fd, String name, long bytes) {
        this.fd = fd;
        this.name = name;
        this.bytes = bytes;
    }

    /**
     * Takes over an open file.
     *
     * @param fd its descriptor, owned by the result from here on, also when this fails
     * @param name what it is called in messages
     * @return the file
     * @throws ErrnoException {@code ESPIPE} for what has no offsets
     */
    public static BlockFile own(Fd fd, String name) throws ErrnoException {
        boolean done = false;
        try {
            long size = Linux.check(
                    Linux.syscall(SYS_LSEEK, fd.number(), 0, SEEK_END, 0, 0, 0), "lseek", "\"" + name + "\"");
            done = true;
            return new BlockFile(fd, name, size);
        } finally {
            if (!done) {
                fd.close();
            }
        }
    }

    /**
     * The number of its descriptor, as the kernel sees it in calls of this class.
     *
     * @return at least 0
     */
    public int descriptor() {
        return fd.number();
    }

    /**
     * How large it was when it was opened.
     *
     * @return bytes
     */
    public long bytes() {
        return bytes;
    }

    /**
     * How large it is now.
     *
     * @return bytes, or 0 if that can't be told
     */
    public long bytesNow() {
        return Math.max(0, Linux.syscall(SYS_LSEEK, fd.number(), 0, SEEK_END, 0, 0, 0));
    }

    /**
     * What it is called in messages.
     *
     * @return the name it was made with
     */
    public String name() {
        return name;
    }

    /**
     * Maps all of it, shared with whoever else uses the file.
     *
     * @param writable whether for writing, too
     * @return the mapping, which outlives this
     * @throws ErrnoException when the kernel refuses
     */
    public Mapping map(boolean writable) throws ErrnoException {
        return writable ? Mapping.writable(fd, 0, bytes) : Mapping.readOnly(fd, 0, bytes);
    }

    /**
     * Ends the lock, also where other processes have duplicates of its descriptor (flock(2)).
     */
    public void unlock() {
        // Nobody has to know whether there was one.
        Linux.syscall(SYS_FLOCK, fd.number(), LOCK_UN, 0, 0, 0, 0);
    }

    /**
     * Hands out its descriptor for a call that duplicates it.
     *
     * @param call takes it; it stays this one's
     */
    public void lend(Consumer<Fd> call) {
        call.accept(fd);
    }

    /**
     * Puts it behind a mapping's addresses, from its start.
     *
     * @param place where, at most as long as it is
     * @param writable whether what is written there shall be written to the file
     * @param copied whether what is written there shall stay there
     * @throws ErrnoException when the kernel refuses; what was there stays
     */
    public void mapInto(Mapping place, boolean writable, boolean copied) throws ErrnoException {
        if (copied) {
            place.replaceByCopy(fd);
        } else {
            place.replaceByFile(fd, writable);
        }
    }

    /**
     * Locks the whole file against others who do so, until its last descriptor is closed (flock(2)).
     *
     * @param exclusive whether against all others, rather than only against those who want it exclusively
     * @return whether it was free
     * @throws ErrnoException if the file system can't
     */
    public boolean tryLock(boolean exclusive) throws ErrnoException {
        int operation = (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB;
        long result = Linux.syscall(SYS_FLOCK, fd.number(), operation, 0, 0, 0, 0);
        if (result == -Errno.EAGAIN) {
            return false;
        }
        Linux.check(result, "flock", "\"" + name + "\"");
        return true;
    }

    /**
     * Tells whether another opening of this file has a mark, see {@link OpenFileMark}.
     *
     * @param position which mark
     * @return true as long as a copy of that opening is in use
     * @throws ErrnoException if the file system can't tell
     */
    public boolean isMarkedElsewhere(long position) throws ErrnoException {
        return OpenFileMark.isSet(fd, position);
    }

    /**
     * Reads.
     *
     * @param offset first byte
     * @param into native memory to fill, in order; kept alive by the caller
     * @param count how many segments, up to {@link #MAX_SEGMENTS}
     * @throws ErrnoException if not all could be read; {@code EIO} where the file has become shorter
     */
    public void read(long offset, MemorySegment[] into, int count) throws ErrnoException {
        transfer(SYS_PREADV, "preadv", offset, into, count);
    }

    /**
     * Writes.
     *
     * @param offset first byte
     * @param from native memory, in order; kept alive by the caller
     * @param count how many segments, up to {@link #MAX_SEGMENTS}
     * @throws ErrnoException if not all could be written
     */
    public void write(long offset, MemorySegment[] from, int count) throws ErrnoException {
        transfer(SYS_PWRITEV, "pwritev", offset, from, count);
    }

    private void transfer(long call, String callName, long offset, MemorySegment[] segments, int count)
            throws ErrnoException {
        MemorySegment vectors = VECTORS.get();
        for (int i = 0; i < count; i++) {
            vectors.set(ValueLayout.JAVA_LONG, (long) i * IOVEC_BYTES, segments[i].address());
            vectors.set(ValueLayout.JAVA_LONG, (long) i * IOVEC_BYTES + Long.BYTES, segments[i].byteSize());
        }
        try {
            long at = offset;
            int first = 0;
            while (first < count) {
                long start = vectors.address() + (long) first * IOVEC_BYTES;
                long result = Linux.syscall(call, fd.number(), start, count - first, at, 0, 0);
                if (result == -Errno.EINTR) {
                    continue;
                }
                long moved = Linux.check(result == 0 ? -Errno.EIO : result, callName, place(at));
                at += moved;
                first = advance(vectors, first, count, moved);
            }
        } finally {
            Reference.reachabilityFence(segments);
        }
    }

    /** Takes what was moved off the vectors; returns the first that has something left. */
    private static int advance(MemorySegment vectors, int from, int count, long moved) {
        int first = from;
        long left = moved;
        while (first < count) {
            long where = (long) first * IOVEC_BYTES;
            long length = vectors.get(ValueLayout.JAVA_LONG, where + Long.BYTES);
            if (left < length) {
                vectors.set(ValueLayout.JAVA_LONG, where, vectors.get(ValueLayout.JAVA_LONG, where) + left);
                vectors.set(ValueLayout.JAVA_LONG, where + Long.BYTES, length - left);
                return first;
            }
            left -= length;
            first++;
        }
        return first;
    }

    private String place(long at) {
        return "\"" + name + "\" at " + at;
    }

    /**
     * Makes everything that was written before durable (fdatasync(2)).
     *
     * @throws ErrnoException if that is not certain
     */
    public void flush() throws ErrnoException {
        long result;
        do {
            result = Linux.syscall(SYS_FDATASYNC, fd.number(), 0, 0, 0, 0, 0);
        } while (result == -Errno.EINTR);
        Linux.check(result, "fdatasync", "\"" + name + "\"");
    }

    /**
     * Gives the space of bytes back; they read as zeros then. A file system that can't leaves them as they are.
     *
     * @param offset first byte
     * @param length bytes
     * @throws ErrnoException if the host failed
     */
    public void discard(long offset, long length) throws ErrnoException {
        allocate(PUNCH_HOLE | KEEP_SIZE, offset, length);
    }

    /**
     * Makes bytes zero.
     *
     * @param offset first byte
     * @param length bytes
     * @param unmap whether their space may be given back
     * @throws ErrnoException if not all became zero
     */
    public void zero(long offset, long length, boolean unmap) throws ErrnoException {
        if (unmap && allocate(PUNCH_HOLE | KEEP_SIZE, offset, length)
                || allocate(ZERO_RANGE | KEEP_SIZE, offset, length)) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment zeros = arena.allocate(ZEROS_BYTES);
            MemorySegment[] piece = new MemorySegment[1];
            for (long at = 0; at < length; at += piece[0].byteSize()) {
                piece[0] = zeros.asSlice(0, Math.min(ZEROS_BYTES, length - at));
                write(offset + at, piece, 1);
            }
        }
    }

    /** Returns false where the file system doesn't know the operation. */
    private boolean allocate(int mode, long offset, long length) throws ErrnoException {
        if (length == 0) {
            return true;
        }
        long result;
        do {
            result = Linux.syscall(SYS_FALLOCATE, fd.number(), mode, offset, length, 0, 0);
        } while (result == -Errno.EINTR);
        if (result == -Errno.EOPNOTSUPP) {
            return false;
        }
        Linux.check(result, "fallocate", place(offset) + ", " + length + " bytes");
        return true;
    }

    @Override
    public void close() {
        fd.close();
    }
}
