package dev.cloister.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;

/**
 * The door to the kernel: one native call shape for everything, with {@code errno} captured per thread.
 *
 * <p>One shape because linking each further signature costs 6–9 ms of start-up. The integer arguments of the x86-64 C ABI travel
 * in 64-bit registers and a callee ignores arguments it does not declare, so {@code long f(long × 7)} calls every function that
 * takes and returns integers or pointers. No call is {@linkplain Linker.Option#critical critical}: a thread that blocks in the
 * kernel must not hold a garbage collection up.
 */
public final class Linux {
    /** Bytes of a page on x86-64. */
    public static final int PAGE_SIZE = 4096;

    /** {@code open} flag: reading only. */
    public static final int O_RDONLY = 0;
    /** {@code open} flag: writing only. */
    public static final int O_WRONLY = 1;
    /** {@code open} flag: reading and writing. */
    public static final int O_RDWR = 2;
    /** {@code open} flag: do not block. */
    public static final int O_NONBLOCK = 0x800;

    static final int O_CLOEXEC = 0x80000;
    static final int AT_FDCWD = -100;

    // asm/unistd_64.h
    static final long SYS_READ = 0;
    static final long SYS_WRITE = 1;
    static final long SYS_CLOSE = 3;
    static final long SYS_POLL = 7;
    static final long SYS_MMAP = 9;
    static final long SYS_MUNMAP = 11;
    static final long SYS_MPROTECT = 10;
    static final long SYS_RT_SIGACTION = 13;
    static final long SYS_RT_SIGPROCMASK = 14;
    static final long SYS_MADVISE = 28;
    static final long SYS_IOCTL = 16;
    static final long SYS_PWRITE64 = 18;
    static final long SYS_GETPID = 39;
    static final long SYS_SENDMSG = 46;
    static final long SYS_RECVMSG = 47;
    static final long SYS_SOCKETPAIR = 53;
    static final long SYS_KILL = 62;
    static final long SYS_FCNTL = 72;
    static final long SYS_FTRUNCATE = 77;
    static final long SYS_GETPPID = 110;
    static final long SYS_RT_SIGTIMEDWAIT = 128;
    static final long SYS_PRCTL = 157;
    static final long SYS_GETTID = 186;
    static final long SYS_TGKILL = 234;
    static final long SYS_WAITID = 247;
    static final long SYS_PPOLL = 271;
    static final long SYS_OPENAT = 257;
    static final long SYS_EVENTFD2 = 290;
    static final long SYS_PIPE2 = 293;
    static final long SYS_MEMFD_CREATE = 319;
    static final long SYS_PRLIMIT64 = 302;
    static final long SYS_SECCOMP = 317;
    static final long SYS_LANDLOCK_CREATE_RULESET = 444;
    static final long SYS_LANDLOCK_RESTRICT_SELF = 446;
    static final long SYS_SENDTO = 44;
    static final long SYS_PIDFD_SEND_SIGNAL = 424;
    static final long SYS_PIDFD_OPEN = 434;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MemoryLayout CAPTURE = Linker.Option.captureStateLayout();
    private static final long ERRNO_OFFSET = CAPTURE.byteOffset(MemoryLayout.PathElement.groupElement("errno"));
    private static final FunctionDescriptor SHAPE = FunctionDescriptor.of(
            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

    /** {@code (function address, capture, a0 … a6) → result}; its one linking serves every function. */
    private static final MethodHandle CALL = LINKER.downcallHandle(SHAPE, Linker.Option.captureCallState("errno"));

    private static final MethodHandle SYSCALL = CALL.bindTo(symbol("syscall"));

    // Never closed: a few bytes per thread that has ever made a call, reclaimed with the thread.
    private static final ThreadLocal<MemorySegment> CAPTURED =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(CAPTURE));

    private Linux() {}

    /**
     * Makes a system call. Never throws, allocates nothing after a thread's first call.
     *
     * @param number the call's number ({@code asm/unistd_64.h})
     * @param a0 first argument; pointers as {@link MemorySegment#address()} of a segment that the caller keeps alive
     * @param a1 second argument
     * @param a2 third argument
     * @param a3 fourth argument
     * @param a4 fifth argument
     * @param a5 sixth argument
     * @return the call's result, or the negative errno
     */
    public static long syscall(long number, long a0, long a1, long a2, long a3, long a4, long a5) {
        return syscall(CAPTURED.get(), number, a0, a1, a2, a3, a4, a5);
    }

    /**
     * {@code ioctl} with an integer argument. Never throws, allocates nothing.
     *
     * @param fd an open descriptor's number
     * @param request the request number
     * @param argument the argument
     * @return the result, or the negative errno
     */
    public static long ioctl(int fd, long request, long argument) {
        return syscall(CAPTURED.get(), SYS_IOCTL, fd, request, argument, 0, 0, 0);
    }

    /**
     * {@code ioctl} with a pointer argument; the segment stays alive until the call has returned.
     *
     * @param fd an open descriptor's number
     * @param request the request number
     * @param argument native memory that the request reads or writes
     * @return the result, or the negative errno
     */
    public static long ioctl(int fd, long request, MemorySegment argument) {
        try {
            return syscall(CAPTURED.get(), SYS_IOCTL, fd, request, argument.address(), 0, 0, 0);
        } finally {
            Reference.reachabilityFence(argument);
        }
    }

    /**
     * Allocates an errno buffer for a caller that makes many calls on one thread, to spare the thread-local look-up.
     *
     * @param allocator where the buffer lives
     * @return a buffer for {@link #syscall(MemorySegment, long, long, long, long, long, long, long)}
     */
    public static MemorySegment newErrnoBuffer(SegmentAllocator allocator) {
        return allocator.allocate(CAPTURE);
    }

    /**
     * Makes a system call with the caller's own errno buffer, which no other thread may use at the same time. Never throws,
     * allocates nothing.
     *
     * @param errnoBuffer from {@link #newErrnoBuffer}
     * @param number the call's number
     * @param a0 first argument
     * @param a1 second argument
     * @param a2 third argument
     * @param a3 fourth argument
     * @param a4 fifth argument
     * @param a5 sixth argument
     * @return the call's result, or the negative errno
     */
    public static long syscall(
            MemorySegment errnoBuffer, long number, long a0, long a1, long a2, long a3, long a4, long a5) {
        if (FaultInjection.ON) {
            int errno = FaultInjection.errno(number, a0, a1);
            if (errno != 0) {
                return -errno;
            }
        }
        long result;
        try {
            result = (long) SYSCALL.invokeExact(errnoBuffer, number, a0, a1, a2, a3, a4, a5);
        } catch (Throwable e) {
            throw new AssertionError("a native call of integers cannot throw", e);
        }
        return result == -1 ? -(long) errnoBuffer.get(JAVA_INT, ERRNO_OFFSET) : result;
    }

    /**
     * {@code ioctl} with an integer argument and the caller's own errno buffer. Never throws, allocates nothing.
     *
     * @param errnoBuffer from {@link #newErrnoBuffer}
     * @param fd an open descriptor's number
     * @param request the request number
     * @param argument the argument
     * @return the result, or the negative errno
     */
    public static long ioctl(MemorySegment errnoBuffer, int fd, long request, long argument) {
        return syscall(errnoBuffer, SYS_IOCTL, fd, request, argument, 0, 0, 0);
    }

    /**
     * Turns a negative result into an exception.
     *
     * @param result what a {@code syscall} or {@code ioctl} of this class returned
     * @param call the call's name for the message
     * @param object what it was applied to
     * @return the result where it is not negative
     * @throws ErrnoException where it is negative
     */
    public static long check(long result, String call, String object) throws ErrnoException {
        if (result < 0) {
            throw new ErrnoException(call, object, (int) -result);
        }
        return result;
    }

    /**
     * Opens a file. The descriptor is close-on-exec.
     *
     * @param path the path
     * @param flags {@code O_…} flags of this class; {@code O_CLOEXEC} is added
     * @return the descriptor, owned by the caller
     * @throws ErrnoException when the kernel refuses
     */
    public static Fd open(String path, int flags) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            long name = arena.allocateFrom(path).address();
            long result;
            do {
                result = syscall(SYS_OPENAT, AT_FDCWD, name, flags | O_CLOEXEC, 0, 0, 0);
            } while (result == -Errno.EINTR);
            return Fd.own((int) check(result, "open", "\"" + path + "\""));
        }
    }

    /**
     * Opens a file for reading only. The descriptor is close-on-exec.
     *
     * @param path the path
     * @return the descriptor, owned by the caller
     * @throws ErrnoException when the kernel refuses
     */
    public static Fd openReadOnly(String path) throws ErrnoException {
        return open(path, O_RDONLY);
    }

    /** A libc function that returns a pointer, or an int of which -1 is an error; returns the negative errno then. */
    static long function(MemorySegment function, long a0, long a1, long a2) {
        MemorySegment captured = CAPTURED.get();
        try {
            long result = (long) CALL.invokeExact(function, captured, a0, a1, a2, 0L, 0L, 0L, 0L);
            return (int) result == -1 ? -(long) captured.get(JAVA_INT, ERRNO_OFFSET) : result;
        } catch (Throwable e) {
            throw new AssertionError("a native call of integers cannot throw", e);
        }
    }

    /** A libc function that returns an error number itself ({@code posix_spawn} and its kin). */
    static int libc(MemorySegment function, long a0, long a1, long a2, long a3, long a4, long a5) {
        if (FaultInjection.ON) {
            int errno = FaultInjection.errno(FaultInjection.LIBC, a0, a1);
            if (errno != 0) {
                return errno;
            }
        }
        try {
            return (int) (long) CALL.invokeExact(function, CAPTURED.get(), a0, a1, a2, a3, a4, a5, 0L);
        } catch (Throwable e) {
            throw new AssertionError("a native call of integers cannot throw", e);
        }
    }

    static MemorySegment symbol(String name) {
        return LINKER.defaultLookup()
                .or(SymbolLookup.loaderLookup())
                .find(name)
                .orElseThrow(() -> new UnsupportedOperationException(
                        "the C library has no " + name + "; glibc 2.34 or newer on x86-64 is needed"))
                .reinterpret(ADDRESS.byteSize());
    }
}
