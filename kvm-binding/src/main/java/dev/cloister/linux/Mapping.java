package dev.cloister.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Memory mapped by {@code mmap}, with an owner who unmaps it. The segment may be used by any thread. After {@link #close} every
 * access through the segment throws {@link IllegalStateException}; a kernel object (a KVM memory slot) that still names the
 * address must be removed first.
 */
public final class Mapping implements AutoCloseable {
    private static final int PROT_READ = 1;
    private static final int PROT_WRITE = 2;
    private static final int MAP_SHARED = 1;
    private static final int MAP_PRIVATE = 2;
    private static final int MAP_FIXED = 0x10;
    private static final int MAP_ANONYMOUS = 0x20;
    private static final int MAP_NORESERVE = 0x4000;
    private static final int MADV_DONTNEED = 4;
    private static final int MADV_DONTDUMP = 16;

    private final MemorySegment segment;
    private final Arena arena;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final long address;
    private final long size;

    private Mapping(long address, long size, boolean writable) {
        this.address = address;
        this.size = size;
        this.arena = Arena.ofShared();
        MemorySegment mapped = MemorySegment.ofAddress(address).reinterpret(size, arena, null);
        this.segment = writable ? mapped : mapped.asReadOnly();
    }

    /**
     * Maps private zeroed memory without reserving swap for it: pages cost memory when first touched.
     *
     * @param size bytes, above 0
     * @return the mapping
     * @throws ErrnoException when the kernel refuses
     */
    public static Mapping anonymous(long size) throws ErrnoException {
        return map(-1, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, "anonymous");
    }

    /**
     * Maps a file shared, for reading and writing.
     *
     * @param fd a descriptor open for reading and writing
     * @param offset bytes from the file's start, a multiple of the page size
     * @param size bytes, above 0
     * @return the mapping
     * @throws ErrnoException {@code EACCES} for a read-only descriptor, {@code EPERM} for a file sealed against writing
     */
    public static Mapping writable(Fd fd, long offset, long size) throws ErrnoException {
        return map(fd.number(), offset, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd.toString());
    }

    /**
     * Maps a file shared, for reading only; the segment is read-only as well.
     *
     * @param fd a descriptor open for reading
     * @param offset bytes from the file's start, a multiple of the page size
     * @param size bytes, above 0
     * @return the mapping
     * @throws ErrnoException when the kernel refuses
     */
    public static Mapping readOnly(Fd fd, long offset, long size) throws ErrnoException {
        return map(fd.number(), offset, size, PROT_READ, MAP_SHARED | MAP_NORESERVE, fd.toString());
    }

    /**
     * Maps a file privately, for reading and writing: what is written stays in this process (a firmware image in its RAM).
     *
     * @param fd a descriptor open for reading
     * @param offset bytes from the file's start, a multiple of the page size
     * @param size bytes, above 0
     * @return the mapping
     * @throws ErrnoException when the kernel refuses
     */
    public static Mapping privateCopy(Fd fd, long offset, long size) throws ErrnoException {
        return map(fd.number(), offset, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd.toString());
    }

    /**
     * Maps what a device shares through its descriptor, for reading and writing (a vCPU's run area); kept out of core dumps.
     *
     * @param fd the device's descriptor
     * @param size bytes, above 0
     * @return the mapping
     * @throws ErrnoException when the kernel refuses
     */
    public static Mapping device(Fd fd, long size) throws ErrnoException {
        Mapping mapping = map(fd.number(), 0, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.toString());
        try {
            return mapping.keptOutOfDumps();
        } catch (ErrnoException e) {
            mapping.close();
            throw e;
        }
    }

    private static Mapping map(int fd, long offset, long size, int protection, int flags, String what)
            throws ErrnoException {
        if (size <= 0) {
            throw new IllegalArgumentException("mapping size " + size + " is not above 0");
        }
        long result = Linux.syscall(Linux.SYS_MMAP, 0, size, protection, flags, fd, offset);
        Linux.check(result, "mmap", what + ", offset " + offset + ", " + size + " bytes");
        return new Mapping(result, size, (protection & PROT_WRITE) != 0);
    }

    /**
     * Keeps the memory out of core dumps (madvise(2), MADV_DONTDUMP). Something else that is mapped in its place later must be kept
     * out anew.
     *
     * @return this
     * @throws ErrnoException when the kernel refuses; the mapping stays
     */
    public Mapping keptOutOfDumps() throws ErrnoException {
        Linux.check(
                Linux.syscall(Linux.SYS_MADVISE, address, size, MADV_DONTDUMP, 0, 0, 0),
                "madvise MADV_DONTDUMP",
                size + " bytes");
        return this;
    }

    /**
     * Puts private zeros behind the same addresses, at once for everybody who uses them.
     *
     * @throws ErrnoException when the kernel refuses; what was there stays
     */
    public void replaceByZeros() throws ErrnoException {
        replace(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, "zeros");
    }

    /**
     * Puts a file behind the same addresses, shared, at once for everybody who uses them.
     *
     * @param fd open for reading, and for writing if that is asked for
     * @param writable whether it may be written; if not, a write through the {@linkplain #segment segment} ends the process
     * @throws ErrnoException when the kernel refuses; what was there stays
     */
    public void replaceByFile(Fd fd, boolean writable) throws ErrnoException {
        replace(writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd.number(), fd.toString());
    }

    /**
     * Puts a file behind the same addresses so that what is written stays in this process, at once for everybody who uses them.
     *
     * @param fd open for reading
     * @throws ErrnoException when the kernel refuses; what was there stays
     */
    public void replaceByCopy(Fd fd) throws ErrnoException {
        replace(PROT_READ | PROT_WRITE, MAP_PRIVATE, fd.number(), fd.toString());
    }

    private void replace(int protection, int flags, int fd, String what) throws ErrnoException {
        long result =
                Linux.syscall(Linux.SYS_MMAP, address, size, protection, flags | MAP_FIXED | MAP_NORESERVE, fd, 0);
        Linux.check(result, "mmap MAP_FIXED", what + ", " + size + " bytes");
        keptOutOfDumps();
    }

    /**
     * Gives the host memory behind pages back (madvise(2), MADV_DONTNEED): of {@link #anonymous} memory they read as zeros from then on, and
     * cost memory again when next touched. Any thread.
     *
     * @param pages whole pages of a mapping
     * @return whether the host did; it can't while they are locked into memory
     */
    public static boolean discard(MemorySegment pages) {
        return Linux.syscall(Linux.SYS_MADVISE, pages.address(), pages.byteSize(), MADV_DONTNEED, 0, 0, 0) == 0;
    }

    /**
     * The memory.
     *
     * @return a segment of the mapping's size; read-only where the mapping is
     */
    public MemorySegment segment() {
        return segment;
    }

    /**
     * The host address of the first byte.
     *
     * @return the hva
     */
    public long address() {
        return address;
    }

    /**
     * The size.
     *
     * @return bytes
     */
    public long size() {
        return size;
    }

    /** Unmaps. Waits for accesses that are under way in other threads; a second call does nothing. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            arena.close();
            Linux.syscall(Linux.SYS_MUNMAP, address, size, 0, 0, 0, 0);
        }
    }
}
