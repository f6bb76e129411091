package dev.cloister.linux;

/**
 * Lets a test decide that a system call or libc call of {@link Linux} fails before it reaches the kernel. It exists only in a process
 * whose Java was started with {@code -Dcloister.test.faults=true}: the switch is a constant, so that the JIT leaves nothing of it
 * elsewhere. The daemon's and the VMM's main classes refuse to run with it; a test drives them by their classes.
 *
 * <p>A call that is made to fail has no effect at all; a call whose failure would itself break what is owned (closing, unmapping) is
 * not to be injected: on Linux {@code close} frees the descriptor whatever it returns.
 */
public final class FaultInjection {
    /** The system property that turns it on. */
    public static final String PROPERTY = "cloister.test.faults";

    /** {@link Injector#errno} is asked with this number for {@code posix_spawn} and its kin, which are no system calls. */
    public static final long LIBC = -1;

    static final boolean ON = Boolean.getBoolean(PROPERTY);

    private static final Injector NOBODY = (_, _, _) -> 0;
    private static volatile Injector injector = NOBODY;

    /** Decides for each call; called on the calling thread, from several threads at a time. */
    @FunctionalInterface
    public interface Injector {
        /**
         * Decides on one call.
         *
         * @param number the system call's number ({@code asm/unistd_64.h}), or {@link #LIBC}
         * @param a0 its first argument
         * @param a1 its second argument
         * @return 0 to let it through, or the positive errno that it fails with
         */
        int errno(long number, long a0, long a1);
    }

    private FaultInjection() {}

    /**
     * Whether calls can be made to fail in this process.
     *
     * @return true only where the property is set
     */
    public static boolean enabled() {
        return ON;
    }

    /**
     * Sets who decides from now on, for all threads.
     *
     * @param next who decides
     * @throws IllegalStateException where the property is not set
     */
    public static void set(Injector next) {
        if (!ON) {
            throw new IllegalStateException("calls can be made to fail only with -D" + PROPERTY + "=true");
        }
        injector = next;
    }

    /** Lets every call through again. */
    public static void clear() {
        injector = NOBODY;
    }

    static int errno(long number, long a0, long a1) {
        return injector.errno(number, a0, a1);
    }
}
