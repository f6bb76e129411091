package dev.cloister.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;

/**
 * Time and processors, as the kernel hands them out: sleeping until an absolute moment, a real-time priority for the calling thread,
 * and on which CPUs a thread may run. Callers are on platform threads. Stateless and thread-safe.
 */
public final class Scheduling {
    private static final long SYS_SCHED_SETSCHEDULER = 144;
    private static final long SYS_SCHED_SETAFFINITY = 203;
    private static final long SYS_CLOCK_GETTIME = 228;
    private static final long SYS_CLOCK_NANOSLEEP = 230;
    private static final int CLOCK_MONOTONIC = 1;
    private static final int TIMER_ABSTIME = 1;
    private static final int SCHED_FIFO = 1;
    private static final int TIMESPEC_BYTES = 16;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final ThreadLocal<MemorySegment> TIMESPEC =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(TIMESPEC_BYTES, Long.BYTES));

    private Scheduling() {}

    /**
     * Reads the clock that {@link #sleepUntil} goes by: {@code CLOCK_MONOTONIC}, clock_gettime(2).
     *
     * @return nanoseconds
     */
    public static long now() {
        MemorySegment time = TIMESPEC.get();
        Linux.syscall(SYS_CLOCK_GETTIME, CLOCK_MONOTONIC, time.address(), 0, 0, 0, 0);
        return time.get(ValueLayout.JAVA_LONG, 0) * NANOS_PER_SECOND + time.get(ValueLayout.JAVA_LONG, Long.BYTES);
    }

    /**
     * Sleeps until a moment of {@link #now}'s clock, clock_nanosleep(2) with {@code TIMER_ABSTIME}; a signal doesn't end it. Returns at
     * once where the moment is past.
     *
     * @param nanos the moment
     */
    public static void sleepUntil(long nanos) {
        MemorySegment time = TIMESPEC.get();
        time.set(ValueLayout.JAVA_LONG, 0, nanos / NANOS_PER_SECOND);
        time.set(ValueLayout.JAVA_LONG, Long.BYTES, nanos % NANOS_PER_SECOND);
        long result;
        do {
            result = Linux.syscall(SYS_CLOCK_NANOSLEEP, CLOCK_MONOTONIC, TIMER_ABSTIME, time.address(), 0, 0, 0);
        } while (result == -Errno.EINTR);
    }

    /**
     * Gives the calling thread a real-time priority: {@code SCHED_FIFO}, sched_setscheduler(2).
     *
     * @param priority 1 to 99
     * @throws ErrnoException {@code EPERM} without {@code CAP_SYS_NICE} or {@code RLIMIT_RTPRIO}
     */
    public static void realTime(int priority) throws ErrnoException {
        MemorySegment parameter = TIMESPEC.get();
        parameter.set(ValueLayout.JAVA_INT, 0, priority);
        Linux.check(
                Linux.syscall(SYS_SCHED_SETSCHEDULER, 0, SCHED_FIFO, parameter.address(), 0, 0, 0),
                "sched_setscheduler",
                "SCHED_FIFO " + priority);
    }

    /**
     * Says on which CPUs a thread may run, sched_setaffinity(2).
     *
     * @param tid the thread's id
     * @param cpus numbers of CPUs below 1024, at least one that there is
     * @throws ErrnoException {@code EINVAL} if none of them is there or allowed, {@code ESRCH} if the thread is gone
     */
    public static void affinity(int tid, BitSet cpus) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mask = arena.allocate(1024 / Byte.SIZE, Long.BYTES);
            long[] words = cpus.toLongArray();
            MemorySegment.copy(words, 0, mask, ValueLayout.JAVA_LONG, 0, words.length);
            Linux.check(
                    Linux.syscall(SYS_SCHED_SETAFFINITY, tid, mask.byteSize(), mask.address(), 0, 0, 0),
                    "sched_setaffinity",
                    "thread " + tid + ", CPUs " + cpus);
        }
    }
}
