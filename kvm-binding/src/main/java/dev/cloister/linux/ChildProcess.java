package dev.cloister.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/**
 * A process, mostly a child made by {@link Spawn}, held by its pidfd, so that a signal never reaches a stranger that was given the same number.
 * Thread-safe. The exit status must be collected once, by {@link #poll} or {@link #waitFor}, or the child stays a zombie.
 */
public final class ChildProcess implements AutoCloseable {
    /** Ends a process at once. */
    public static final int SIGKILL = 9;
    /** Asks a process to end. */
    public static final int SIGTERM = 15;

    private static final int P_PID = 1;
    private static final int P_PIDFD = 3;
    private static final int WNOHANG = 1;
    private static final int WEXITED = 4;
    // siginfo_t, x86-64: si_signo 0, si_code 8, si_pid 16, si_status 24
    private static final int SIGINFO_SIZE = 128;
    private static final int SI_CODE = 8;
    private static final int SI_PID = 16;
    private static final int SI_STATUS = 24;
    private static final int CLD_EXITED = 1;

    private final int pid;
    private final Fd pidfd;
    /** Whether it is somebody else's child, whose status can't be collected. */
    private final boolean foreign;

    private Exit exit;

    /**
     * How a child ended.
     *
     * @param signalled whether a signal ended it
     * @param value the exit code, or the signal's number
     */
    public record Exit(boolean signalled, int value) {
        /** The end of a process that is not our child: only its parent learns how. Its value stands for a failure. */
        public static final Exit UNKNOWN = new Exit(false, 255);

        /**
         * Whether it ended by itself with code 0.
         *
         * @return true for success
         */
        public boolean success() {
            return !signalled && value == 0;
        }

        @Override
        public String toString() {
            if (this == UNKNOWN) {
                return "exit status unknown, since another process started it";
            }
            return signalled ? "signal " + value : "exit code " + value;
        }
    }

    private ChildProcess(int pid, Fd pidfd, boolean foreign) {
        this.pid = pid;
        this.pidfd = pidfd;
        this.foreign = foreign;
    }

    /**
     * Takes over a process that another process started.
     *
     * @param pid its number, for messages
     * @param pidfd its pidfd (pidfd_open(2)), owned by the result
     * @return the process, whose end is told as {@link Exit#UNKNOWN}
     */
    public static ChildProcess adopt(int pid, Fd pidfd) {
        return new ChildProcess(pid, pidfd, true);
    }

    /**
     * Holds a process that another process started. Whether the number still means the one that is meant must be looked at after
     * this: from now on it can't change.
     *
     * @param pid its number
     * @return the process; empty if there is none of that number
     * @throws ErrnoException when the kernel refuses
     */
    public static Optional<ChildProcess> open(int pid) throws ErrnoException {
        long result = Linux.syscall(Linux.SYS_PIDFD_OPEN, pid, 0, 0, 0, 0, 0);
        if (result == -Errno.ESRCH || result == -Errno.EINVAL) {
            return Optional.empty();
        }
        return Optional.of(adopt(pid, Fd.own((int) Linux.check(result, "pidfd_open", "pid " + pid))));
    }

    static ChildProcess of(int pid) throws ErrnoException {
        // The child cannot be reaped by anyone but us, so the number still means it, even if it has ended already.
        long result = Linux.syscall(Linux.SYS_PIDFD_OPEN, pid, 0, 0, 0, 0, 0);
        if (result < 0) {
            // Nobody could hold it (too many open files): it must not run on unheld.
            Linux.syscall(Linux.SYS_KILL, pid, SIGKILL, 0, 0, 0, 0);
            long reaped;
            do {
                reaped = Linux.syscall(Linux.SYS_WAITID, P_PID, pid, 0, WEXITED, 0, 0);
            } while (reaped == -Errno.EINTR);
        }
        return new ChildProcess(pid, Fd.own((int) Linux.check(result, "pidfd_open", "pid " + pid)), false);
    }

    /**
     * The process id.
     *
     * @return the pid
     */
    public int pid() {
        return pid;
    }

    /**
     * The pidfd, which this object owns: readable in a {@link Poller} when the child has ended.
     *
     * @return the descriptor
     */
    public Fd pidfd() {
        return pidfd;
    }

    /**
     * Sends a signal. A child that has ended already is no error.
     *
     * @param signal the signal's number
     * @throws ErrnoException when the kernel refuses
     */
    public void kill(int signal) throws ErrnoException {
        long result = Linux.syscall(Linux.SYS_PIDFD_SEND_SIGNAL, pidfd.number(), signal, 0, 0, 0, 0);
        if (result != -Errno.ESRCH) {
            Linux.check(result, "pidfd_send_signal", "pid " + pid + ", signal " + signal);
        }
    }

    /**
     * Collects the exit status if the child has ended.
     *
     * @return how it ended; empty while it runs
     * @throws ErrnoException when the kernel refuses
     */
    public synchronized Optional<Exit> poll() throws ErrnoException {
        if (exit == null && foreign) {
            exit = Poller.await(pidfd, Poller.IN, 0) == 0 ? null : Exit.UNKNOWN;
        } else if (exit == null) {
            exit = collect();
        }
        return Optional.ofNullable(exit);
    }

    private Exit collect() throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = arena.allocate(SIGINFO_SIZE, 8);
            long result;
            do {
                result = Linux.syscall(
                        Linux.SYS_WAITID, P_PIDFD, pidfd.number(), info.address(), WEXITED | WNOHANG, 0, 0);
            } while (result == -Errno.EINTR);
            Linux.check(result, "waitid", "pid " + pid);
            if (info.get(ValueLayout.JAVA_INT, SI_PID) == 0) {
                return null;
            }
            boolean signalled = info.get(ValueLayout.JAVA_INT, SI_CODE) != CLD_EXITED;
            return new Exit(signalled, info.get(ValueLayout.JAVA_INT, SI_STATUS));
        }
    }

    /**
     * Waits for the child's end and collects its exit status.
     *
     * @param timeoutMillis milliseconds; negative waits without end
     * @return how it ended; empty when the time is over
     * @throws ErrnoException when the kernel refuses
     */
    public Optional<Exit> waitFor(long timeoutMillis) throws ErrnoException {
        Optional<Exit> known = poll();
        if (known.isPresent()) {
            return known;
        }
        Poller.await(pidfd, Poller.IN, timeoutMillis);
        return poll();
    }

    /** Closes the pidfd. The child runs on. */
    @Override
    public void close() {
        pidfd.close();
    }

    @Override
    public String toString() {
        return "child " + pid;
    }
}
