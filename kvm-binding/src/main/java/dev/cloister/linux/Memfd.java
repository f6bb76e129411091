package dev.cloister.linux;

import java.lang.foreign.Arena;

/** An anonymous memory file that can be sealed, handed to another process and mapped (memfd_create(2), fcntl(2)). */
public final class Memfd implements AutoCloseable {
    /** No further seals can be added. */
    public static final int SEAL_SEAL = 0x1;
    /** The file cannot become smaller, so no mapping of it can fault with {@code SIGBUS}. */
    public static final int SEAL_SHRINK = 0x2;
    /** The file cannot become larger. */
    public static final int SEAL_GROW = 0x4;
    /** Nobody can write; refused by the kernel while a writable mapping exists. */
    public static final int SEAL_WRITE = 0x8;
    /** No new writable mapping and no {@code write}; writable mappings that exist stay (Linux 5.1). */
    public static final int SEAL_FUTURE_WRITE = 0x10;

    private static final int MFD_CLOEXEC = 0x1;
    private static final int MFD_ALLOW_SEALING = 0x2;
    private static final long PART = 256 << 10;
    private static final int F_ADD_SEALS = 1033;
    private static final int F_GET_SEALS = 1034;

    private final Fd fd;
    private final String name;
    private final long size;

    private Memfd(Fd fd, String name, long size) {
        this.fd = fd;
        this.name = name;
        this.size = size;
    }

    /**
     * Creates a memory file of a fixed size, filled with zeros, that can be sealed.
     *
     * @param name a name for {@code /proc/PID/maps}; need not be unique, at most 249 bytes
     * @param size bytes, above 0
     * @return its owner
     * @throws ErrnoException when the kernel refuses
     */
    public static Memfd create(String name, long size) throws ErrnoException {
        if (size <= 0) {
            throw new IllegalArgumentException("size " + size + " of memory file " + name + " is not above 0");
        }
        try (Arena arena = Arena.ofConfined()) {
            long text = arena.allocateFrom(name).address();
            long result = Linux.syscall(Linux.SYS_MEMFD_CREATE, text, MFD_CLOEXEC | MFD_ALLOW_SEALING, 0, 0, 0, 0);
            Fd fd = Fd.own((int) Linux.check(result, "memfd_create", "\"" + name + "\""));
            try {
                Linux.check(
                        Linux.syscall(Linux.SYS_FTRUNCATE, fd.number(), size, 0, 0, 0, 0),
                        "ftruncate",
                        "\"" + name + "\", " + size);
                return new Memfd(fd, name, size);
            } catch (ErrnoException e) {
                fd.close();
                throw e;
            }
        }
    }

    /**
     * Takes ownership of a memory file that was inherited or received.
     *
     * @param fd its descriptor
     * @param name for messages
     * @param size bytes
     * @return its owner
     */
    public static Memfd adopt(Fd fd, String name, long size) {
        return new Memfd(fd, name, size);
    }

    /**
     * The descriptor, which this object owns.
     *
     * @return the descriptor, open for reading and writing
     */
    public Fd fd() {
        return fd;
    }

    /**
     * The size given at creation.
     *
     * @return bytes
     */
    public long size() {
        return size;
    }

    /**
     * Adds seals; they can never be taken off again.
     *
     * @param seals {@code SEAL_…} bits
     * @throws ErrnoException {@code EPERM} when sealed against seals, {@code EBUSY} for {@link #SEAL_WRITE} with a writable mapping
     */
    public void addSeals(int seals) throws ErrnoException {
        fd.fcntl(F_ADD_SEALS, seals, "F_ADD_SEALS");
    }

    /**
     * Gives the file all its pages at once, by writing zeros. Else a page comes with the first access of anybody, also one that only
     * reads, and everybody who has the file can tell which pages there are (mincore(2), fstat(2), the time of an access): a reader
     * could signal to the writer by it. fallocate(2) would not do: it leaves pages that are still to be cleared by who comes first.
     *
     * @throws ErrnoException {@code ENOSPC} or {@code ENOMEM} where there isn't as much memory
     */
    public void populate() throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            long zeros = arena.allocate(PART).address();
            for (long at = 0; at < size; ) {
                long result =
                        Linux.syscall(Linux.SYS_PWRITE64, fd.number(), zeros, Math.min(PART, size - at), at, 0, 0);
                if (result != -Errno.EINTR) {
                    at += Linux.check(result, "pwrite", "\"" + name + "\" at " + at);
                }
            }
        }
    }

    /**
     * The seals in force.
     *
     * @return {@code SEAL_…} bits
     * @throws ErrnoException when the kernel refuses
     */
    public int getSeals() throws ErrnoException {
        return seals(fd);
    }

    /**
     * The seals of a memory file that came over a socket.
     *
     * @param fd a memory file's descriptor
     * @return {@code SEAL_…} bits
     * @throws ErrnoException {@code EINVAL} where it is not a file that has seals
     */
    public static int seals(Fd fd) throws ErrnoException {
        return (int) fd.fcntl(F_GET_SEALS, 0, "F_GET_SEALS");
    }

    /**
     * Opens the same memory again for reading only, through {@code /proc/self/fd}. Whoever holds only this descriptor can neither
     * write nor map it writable; but a process that may open {@code /proc/self/fd} for writing could reopen it, so one-way memory
     * also carries {@link #SEAL_FUTURE_WRITE}.
     *
     * @return the read-only descriptor, owned by the caller
     * @throws ErrnoException when {@code /proc} is missing or the kernel refuses
     */
    public Fd reopenReadOnly() throws ErrnoException {
        return Linux.openReadOnly("/proc/self/fd/" + fd.number());
    }

    /**
     * Takes all pages away, also from every mapping of every process: an access to one of them raises {@code SIGBUS} from then on.
     * With {@link #SEAL_GROW} they never come back.
     *
     * @throws ErrnoException {@code EPERM} with {@link #SEAL_SHRINK}
     */
    public void truncate() throws ErrnoException {
        Linux.check(Linux.syscall(Linux.SYS_FTRUNCATE, fd.number(), 0, 0, 0, 0, 0), "ftruncate", "\"" + name + "\", 0");
    }

    @Override
    public void close() {
        fd.close();
    }

    @Override
    public String toString() {
        return "memfd \"" + name + "\" (" + size + " bytes, " + fd + ")";
    }
}
