package dev.cloister.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Gives away rights to name things (landlock(7)): files, TCP ports, abstract sockets, processes to signal. Binds the calling thread
 * and those that it starts afterwards, for good; needs {@link Prctl#setNoNewPrivileges}.
 */
public final class Landlock {
    private static final int VERSION_FLAG = 1;
    private static final int ABI_NETWORK = 4;
    private static final int ABI_SCOPES = 6;
    /** Rights to files by ABI version: each adds some. */
    private static final long[] FILE_RIGHTS = {0, 0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff};

    private static final long TCP_BIND_AND_CONNECT = 3;
    private static final long ABSTRACT_SOCKETS_AND_SIGNALS = 3;
    private static final int ATTRIBUTE_BYTES = 24;

    private Landlock() {}

    /**
     * Returns the ABI version of the kernel.
     *
     * @return 1 or more, 0 where there is no Landlock
     */
    public static int abi() {
        return (int) Math.max(0, Linux.syscall(Linux.SYS_LANDLOCK_CREATE_RULESET, 0, 0, VERSION_FLAG, 0, 0, 0));
    }

    /**
     * Gives away, as far as the kernel's ABI knows them, TCP ports, abstract sockets and signals to processes outside; and the file
     * system too, if asked for: nothing can be opened by name then, and nothing mounted.
     *
     * @param files whether the file system is given away
     * @throws ErrnoException {@code ENOSYS} or {@code EOPNOTSUPP} where there is no Landlock
     */
    public static void restrict(boolean files) throws ErrnoException {
        int abi = abi();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(ATTRIBUTE_BYTES, 8);
            attributes.set(ValueLayout.JAVA_LONG, 0, files ? FILE_RIGHTS[Math.min(abi, FILE_RIGHTS.length - 1)] : 0);
            attributes.set(ValueLayout.JAVA_LONG, 8, abi >= ABI_NETWORK ? TCP_BIND_AND_CONNECT : 0);
            attributes.set(ValueLayout.JAVA_LONG, 16, abi >= ABI_SCOPES ? ABSTRACT_SOCKETS_AND_SIGNALS : 0);
            int size = abi >= ABI_SCOPES ? ATTRIBUTE_BYTES : abi >= ABI_NETWORK ? 16 : 8;
            long ruleset = Linux.check(
                    Linux.syscall(Linux.SYS_LANDLOCK_CREATE_RULESET, attributes.address(), size, 0, 0, 0, 0),
                    "landlock_create_ruleset",
                    "ABI " + abi);
            try (Fd fd = Fd.own((int) ruleset)) {
                Linux.check(
                        Linux.syscall(Linux.SYS_LANDLOCK_RESTRICT_SELF, fd.number(), 0, 0, 0, 0, 0),
                        "landlock_restrict_self",
                        "ABI " + abi);
            }
        }
    }
}
