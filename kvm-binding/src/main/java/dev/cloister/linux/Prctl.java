package dev.cloister.linux;

/** Process-wide controls (prctl(2)) by which a process gives rights away. */
public final class Prctl {
    private static final int PR_SET_PDEATHSIG = 1;
    private static final int PR_GET_DUMPABLE = 3;
    private static final int PR_SET_TIMERSLACK = 29;
    private static final int PR_SET_DUMPABLE = 4;
    private static final int PR_SET_NO_NEW_PRIVS = 38;
    private static final int PR_GET_NO_NEW_PRIVS = 39;

    private Prctl() {}

    /**
     * From now on no {@code execve} of this thread or its children gains privileges; needed before a seccomp filter. Only the
     * calling thread and threads it starts afterwards are bound.
     *
     * @throws ErrnoException when the kernel refuses
     */
    public static void setNoNewPrivileges() throws ErrnoException {
        prctl(PR_SET_NO_NEW_PRIVS, 1, "PR_SET_NO_NEW_PRIVS");
    }

    /**
     * Whether the calling thread gains no privileges by {@code execve}.
     *
     * @return true once set
     * @throws ErrnoException when the kernel refuses
     */
    public static boolean noNewPrivileges() throws ErrnoException {
        return prctl(PR_GET_NO_NEW_PRIVS, 0, "PR_GET_NO_NEW_PRIVS") == 1;
    }

    /**
     * Whether other processes of the same user may attach to this one or read its memory, and whether it dumps core.
     *
     * @param dumpable false closes that door; {@code /proc/self} then belongs to root
     * @throws ErrnoException when the kernel refuses
     */
    public static void setDumpable(boolean dumpable) throws ErrnoException {
        prctl(PR_SET_DUMPABLE, dumpable ? 1 : 0, "PR_SET_DUMPABLE");
    }

    /**
     * Whether the process is dumpable.
     *
     * @return true unless it has been switched off
     * @throws ErrnoException when the kernel refuses
     */
    public static boolean dumpable() throws ErrnoException {
        return prctl(PR_GET_DUMPABLE, 0, "PR_GET_DUMPABLE") != 0;
    }

    /**
     * Asks for a signal when the parent <em>thread</em> that started this process ends. A parent that is gone already sends none:
     * the caller compares {@link #parentPid} with what it expects afterwards.
     *
     * @param signal the signal, 0 for none
     * @throws ErrnoException when the kernel refuses
     */
    public static void setParentDeathSignal(int signal) throws ErrnoException {
        prctl(PR_SET_PDEATHSIG, signal, "PR_SET_PDEATHSIG");
    }

    /**
     * The process id of the parent.
     *
     * @return the pid; that of init or a subreaper when the parent is gone
     */
    public static int parentPid() {
        return (int) Linux.syscall(Linux.SYS_GETPPID, 0, 0, 0, 0, 0, 0);
    }

    /**
     * Lets this thread's timed waits end so much later than asked for, and no more (PR_SET_TIMERSLACK); 50 µs unless it was set.
     *
     * @param nanos nanoseconds, at least 1
     * @throws ErrnoException when the kernel refuses
     */
    public static void setTimerSlack(long nanos) throws ErrnoException {
        prctl(PR_SET_TIMERSLACK, nanos, "PR_SET_TIMERSLACK");
    }

    private static long prctl(int option, long argument, String name) throws ErrnoException {
        return Linux.check(Linux.syscall(Linux.SYS_PRCTL, option, argument, 0, 0, 0, 0), "prctl", name);
    }
}
