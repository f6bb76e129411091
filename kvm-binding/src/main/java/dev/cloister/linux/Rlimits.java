package dev.cloister.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Limits of this process' resources (setrlimit(2)): soft and hard limit are set to the same, so they can't be raised again. */
public enum Rlimits {
    /** Largest file that can be written, in bytes. */
    FILE_SIZE(1),
    /** Largest core dump, in bytes. */
    CORE(4),
    /** One more than the highest descriptor. */
    DESCRIPTORS(7);

    private final int resource;

    Rlimits(int resource) {
        this.resource = resource;
    }

    /**
     * Sets the limit.
     *
     * @param limit the most there may be, at most the present hard limit
     * @throws ErrnoException {@code EPERM} if it is above that
     */
    public void set(long limit) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment both = arena.allocate(ValueLayout.JAVA_LONG, 2);
            both.set(ValueLayout.JAVA_LONG, 0, limit);
            both.set(ValueLayout.JAVA_LONG, 8, limit);
            Linux.check(
                    Linux.syscall(Linux.SYS_PRLIMIT64, 0, resource, both.address(), 0, 0, 0),
                    "prlimit64",
                    name() + ", " + limit);
        }
    }
}
