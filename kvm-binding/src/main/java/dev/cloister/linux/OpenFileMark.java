package dev.cloister.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Marks an opening of a file that is handed to another process, so that whoever has the file open otherwise can tell whether any copy
 * of that opening is still in use, by a descriptor or a mapping: a lock of an open file description on one byte far behind the end of
 * the file (fcntl(2), F_OFD_SETLK). It ends with the last copy, unless a holder who may call fcntl ends it before. Stateless.
 */
public final class OpenFileMark {
    /** The lowest position for marks: no file is so long. */
    public static final long FIRST = 1L << 62;

    private static final int F_OFD_GETLK = 36;
    private static final int F_OFD_SETLK = 37;
    private static final short F_RDLCK = 0;
    private static final short F_WRLCK = 1;
    private static final short F_UNLCK = 2;

    /** struct flock: l_type, l_whence, l_start, l_len, l_pid. */
    private static final int BYTES = 32;

    private static final int START = 8;
    private static final int LENGTH = 16;

    private OpenFileMark() {}

    /**
     * Marks an opening.
     *
     * @param fd one of its descriptors
     * @param writable whether it was opened for writing; else for reading
     * @param position which mark: at least {@link #FIRST}, not set by another opening
     * @throws ErrnoException if the file system can't
     */
    public static void set(Fd fd, boolean writable, long position) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment lock = lock(arena, writable ? F_WRLCK : F_RDLCK, position);
            fd.fcntl(F_OFD_SETLK, lock.address(), "F_OFD_SETLK");
        }
    }

    /**
     * Tells whether another opening of a file has a mark.
     *
     * @param fd a descriptor of the file, not of that opening
     * @param position which mark
     * @return true as long as a copy of that opening is in use
     * @throws ErrnoException if the file system can't tell
     */
    public static boolean isSet(Fd fd, long position) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment lock = lock(arena, F_WRLCK, position);
            fd.fcntl(F_OFD_GETLK, lock.address(), "F_OFD_GETLK");
            return lock.get(JAVA_SHORT, 0) != F_UNLCK;
        }
    }

    private static MemorySegment lock(Arena arena, short type, long position) {
        MemorySegment lock = arena.allocate(BYTES, Long.BYTES);
        lock.set(JAVA_SHORT, 0, type);
        lock.set(JAVA_LONG, START, position);
        lock.set(JAVA_LONG, LENGTH, 1);
        return lock;
    }
}
