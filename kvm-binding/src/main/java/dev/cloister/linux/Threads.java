package dev.cloister.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Signals to single threads, without handlers. A platform thread that keeps a signal blocked can be told something by it: the
 * signal stays pending until a call that unblocks it ({@code KVM_RUN} with its own mask) or until {@link #takePending}.
 *
 * <p>A Java virtual thread has no Linux thread of its own: callers make sure that they run on a platform thread.
 */
public final class Threads {
    private static final int SIG_BLOCK = 0;
    private static final int SIG_UNBLOCK = 1;
    private static final int SIGSET_BYTES = 8;

    // gettid and getpid are asked once per thread and process.
    private static final long PID = Linux.syscall(Linux.SYS_GETPID, 0, 0, 0, 0, 0, 0);
    private static final MemorySegment ZERO_TIME = Arena.global().allocate(16, 8);

    private Threads() {}

    /**
     * The Linux thread id of the calling thread.
     *
     * @return the tid, also the number under {@code /proc/self/task}
     */
    public static int gettid() {
        return (int) Linux.syscall(Linux.SYS_GETTID, 0, 0, 0, 0, 0, 0);
    }

    /**
     * The id of this process.
     *
     * @return the pid
     */
    public static int getpid() {
        return (int) PID;
    }

    /**
     * Sends a signal to one thread of this process. Allocates nothing.
     *
     * @param tid the thread id
     * @param signal the signal's number
     * @return 0, or the negative errno: {@code -ESRCH} when the thread is gone, {@code -EAGAIN} when the queue of real-time signals
     *     is full
     */
    public static int tgkill(int tid, int signal) {
        return (int) Linux.syscall(Linux.SYS_TGKILL, PID, tid, signal, 0, 0, 0);
    }

    /**
     * Blocks a signal in the calling thread.
     *
     * @param signal 1 to 64
     * @return the mask that was in force before, bit {@code n - 1} for signal {@code n}
     * @throws ErrnoException when the kernel refuses
     */
    public static long block(int signal) throws ErrnoException {
        return changeMask(SIG_BLOCK, bit(signal));
    }

    /**
     * Unblocks a signal in the calling thread. A pending one is delivered: to the process's handler, or to its end.
     *
     * @param signal 1 to 64
     * @return the mask that was in force before
     * @throws ErrnoException when the kernel refuses
     */
    public static long unblock(int signal) throws ErrnoException {
        return changeMask(SIG_UNBLOCK, bit(signal));
    }

    /**
     * The signals blocked in the calling thread.
     *
     * @return a mask, bit {@code n - 1} for signal {@code n}
     * @throws ErrnoException when the kernel refuses
     */
    public static long mask() throws ErrnoException {
        return changeMask(SIG_BLOCK, 0);
    }

    private static long changeMask(int how, long bits) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment sets = arena.allocate(ValueLayout.JAVA_LONG, 2);
            sets.set(ValueLayout.JAVA_LONG, 0, bits);
            Linux.check(
                    Linux.syscall(
                            Linux.SYS_RT_SIGPROCMASK, how, sets.address(), sets.address() + 8, SIGSET_BYTES, 0, 0),
                    "rt_sigprocmask",
                    "");
            return sets.get(ValueLayout.JAVA_LONG, 8);
        }
    }

    /**
     * Takes one pending signal of the calling thread off the queue, without waiting (rt_sigtimedwait(2)). The signal must be blocked.
     * Allocates nothing.
     *
     * @param set native memory of 8 bytes: the mask of signals to take, bit {@code n - 1} for signal {@code n}
     * @return the signal's number, or the negative errno: {@code -EAGAIN} where none is pending
     */
    public static int takePending(MemorySegment set) {
        return (int)
                Linux.syscall(Linux.SYS_RT_SIGTIMEDWAIT, set.address(), 0, ZERO_TIME.address(), SIGSET_BYTES, 0, 0);
    }

    /**
     * The bit of a signal in a mask.
     *
     * @param signal 1 to 64
     * @return one bit
     */
    public static long bit(int signal) {
        if (signal < 1 || signal > 64) {
            throw new IllegalArgumentException("signal " + signal + " is not in 1 to 64");
        }
        return 1L << (signal - 1);
    }
}
