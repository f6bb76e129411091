package dev.cloister.vmm.report;

import java.util.Locale;

/** How a machine's life ended. */
public enum Outcome {
    /** The guest switched itself off. */
    POWERED_OFF,
    /** The guest asked for a reset, and the machine's configuration says that this ends the machine. */
    RESET,
    /** The guest wrote to the debug-exit port. */
    DEBUG_EXIT,
    /** Somebody outside the guest stopped it. */
    STOPPED,
    /** The configured time was over. */
    TIMEOUT,
    /** The guest did what cannot be continued; {@link Report#fault()} tells. */
    GUEST_FAULT,
    /** A breakpoint was reached and no debugger was asked for. */
    BREAKPOINT,
    /** A call to the host failed, or this program has a fault. */
    HOST_FAILURE;

    /** Exit code of a guest fault. */
    public static final int CODE_GUEST_FAULT = 70;

    /** Exit code at a breakpoint: 128 and SIGTRAP. */
    public static final int CODE_BREAKPOINT = 133;

    /** Exit code when the host cannot do what is needed. */
    public static final int CODE_HOST = 69;

    /** Exit code when the time was over. */
    public static final int CODE_TIMEOUT = 124;

    private final String label = name().toLowerCase(Locale.ROOT).replace('_', '-');

    /**
     * The name for reports, such as {@code powered-off}.
     *
     * @return lower case, with hyphens
     */
    public String label() {
        return label;
    }

    /**
     * The process exit code.
     *
     * @param debugValue what the guest wrote to the debug-exit port; used by {@link #DEBUG_EXIT} alone
     * @return 0..255
     */
    public int exitCode(int debugValue) {
        return switch (this) {
            case POWERED_OFF, RESET, STOPPED -> 0;
            case DEBUG_EXIT -> (debugValue << 1 | 1) & 0xff;
            case TIMEOUT -> CODE_TIMEOUT;
            case GUEST_FAULT -> CODE_GUEST_FAULT;
            case BREAKPOINT -> CODE_BREAKPOINT;
            case HOST_FAILURE -> CODE_HOST;
        };
    }
}
