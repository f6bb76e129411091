package dev.cloister.cli.command;

/**
 * The command's exit codes, after {@code sysexits.h} where a number exists there. With {@code --debug-exit} the guest's own
 * value {@code (v << 1 | 1) & 0xff} takes their place.
 */
public final class ExitCodes {
    /** The guest powered off or reset by request, or the command did what was asked. */
    public static final int OK = 0;
    /** A check found something: a refused flow asked about, an audit log that does not verify. */
    public static final int FOUND = 1;
    /** The command line cannot be understood. */
    public static final int USAGE = 64;
    /** A policy, an image or another input is bad. */
    public static final int BAD_INPUT = 65;
    /** The host lacks something: {@code /dev/kvm}, a permission, a running daemon. */
    public static final int HOST = 69;
    /** The guest failed: triple fault, entry failure, an instruction that nobody can complete. */
    public static final int GUEST_FAULT = 70;
    /** The time given by {@code --timeout} ran out. */
    public static final int TIMEOUT = 124;

    /** A breakpoint of {@code --break} was reached: 128 and SIGTRAP. */
    public static final int BREAKPOINT = 133;

    /** The sandbox of {@code run} refused a system call: 128 and SIGSYS. */
    public static final int SANDBOX = 159;

    private ExitCodes() {}
}
