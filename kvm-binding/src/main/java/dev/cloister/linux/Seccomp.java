package dev.cloister.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/** Filters of system calls (seccomp(2)), for all threads of this process at once, and the listener that hears of refused calls. */
public final class Seccomp {
    private static final int SET_MODE_FILTER = 1;
    private static final int FLAG_TSYNC = 1;
    private static final int FLAG_NEW_LISTENER = 8;
    private static final int FLAG_TSYNC_ESRCH = 16;
    private static final int INSTRUCTION = 8;

    private static final long NOTIF_RECV = 0xc050_2100L;
    private static final long NOTIF_ID_VALID = 0x4008_2102L;
    private static final int NOTIF_BYTES = 80;
    private static final int NOTIF_PID = 8;
    private static final int NOTIF_NUMBER = 16;
    private static final int NOTIF_ARGUMENTS = 32;

    private Seccomp() {}

    /**
     * Puts a filter on every thread of this process, for good; needs {@link Prctl#setNoNewPrivileges}.
     *
     * @param program from {@link BpfProgram#bytes}
     * @throws ErrnoException {@code EINVAL} where the kernel has no seccomp, {@code ESRCH} if a thread can't take it
     */
    public static void install(byte[] program) throws ErrnoException {
        seccomp(FLAG_TSYNC, program);
    }

    /**
     * As {@link #install}, with a listener for calls whose action is {@link BpfProgram#USER_NOTIFY}.
     *
     * @param program from {@link BpfProgram#bytes}
     * @return the listener's descriptor, the caller's; while nobody reads it, refused calls wait
     * @throws ErrnoException as {@link #install}
     */
    public static Fd installWithListener(byte[] program) throws ErrnoException {
        return Fd.own((int) seccomp(FLAG_TSYNC | FLAG_NEW_LISTENER | FLAG_TSYNC_ESRCH, program));
    }

    private static long seccomp(int flags, byte[] program) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment filter = arena.allocate(program.length, INSTRUCTION);
            MemorySegment.copy(program, 0, filter, ValueLayout.JAVA_BYTE, 0, program.length);
            // struct sock_fprog { unsigned short len; struct sock_filter *filter; }
            MemorySegment fprog = arena.allocate(16, 8);
            fprog.set(ValueLayout.JAVA_SHORT, 0, (short) (program.length / INSTRUCTION));
            fprog.set(ValueLayout.JAVA_LONG, 8, filter.address());
            return Linux.check(
                    Linux.syscall(Linux.SYS_SECCOMP, SET_MODE_FILTER, flags, fprog.address(), 0, 0, 0),
                    "seccomp",
                    "SECCOMP_SET_MODE_FILTER, " + program.length / INSTRUCTION + " instructions");
        }
    }

    /**
     * Whether a descriptor is a listener of a filter.
     *
     * @param fd any descriptor, also one that came from outside
     * @return true if it is
     */
    public static boolean isListener(Fd fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment id = arena.allocate(ValueLayout.JAVA_LONG);
            // No notification has this number: a listener says so, anything else knows no such request.
            return Linux.ioctl(fd.number(), NOTIF_ID_VALID, id.address()) == -Errno.ENOENT;
        }
    }

    /**
     * A system call that a filter refused; its thread waits.
     *
     * @param tid thread, in the reader's process-id namespace, 0 if it isn't visible there
     * @param number the system call's number
     * @param arguments its six arguments
     */
    public record Refused(int tid, int number, long[] arguments) {
        /**
         * Tells the call by name.
         *
         * @return such as {@code openat(0xffffff9c, 0x7f…, …)}
         */
        public String text() {
            StringBuilder text = new StringBuilder(SystemCalls.name(number)).append('(');
            for (int i = 0; i < arguments.length; i++) {
                text.append(i == 0 ? "" : ", ").append("0x").append(Long.toHexString(arguments[i]));
            }
            return text.append(')').toString();
        }
    }

    /**
     * Takes a refused call from a listener that is readable.
     *
     * @param listener the listener
     * @return the call; empty where its thread has gone meanwhile
     * @throws ErrnoException when the kernel refuses
     */
    public static Optional<Refused> receive(Fd listener) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment notif = arena.allocate(NOTIF_BYTES, 8);
            long result = Linux.ioctl(listener.number(), NOTIF_RECV, notif.address());
            if (result == -Errno.ENOENT || result == -Errno.EINTR || result == -Errno.EAGAIN) {
                return Optional.empty();
            }
            Linux.check(result, "SECCOMP_IOCTL_NOTIF_RECV", listener.toString());
            long[] arguments = new long[6];
            for (int i = 0; i < arguments.length; i++) {
                arguments[i] = notif.get(ValueLayout.JAVA_LONG, NOTIF_ARGUMENTS + 8L * i);
            }
            return Optional.of(new Refused(
                    notif.get(ValueLayout.JAVA_INT, NOTIF_PID),
                    notif.get(ValueLayout.JAVA_INT, NOTIF_NUMBER),
                    arguments));
        }
    }
}
