package dev.cloister.vmm.report;

/** A machine that cannot be made from its configuration on this host. The message names what, the value, what was expected and what to do. */
public final class MachineException extends Exception {
    private static final long serialVersionUID = 1L;

    private final int exitCode;

    private MachineException(int exitCode, String message, Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
    }

    private MachineException(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    /** The configuration or an image is wrong. */
    public static MachineException input(String message) {
        return new MachineException(65, message);
    }

    /** The configuration or an image is wrong, as {@code cause} says. */
    public static MachineException input(Throwable cause) {
        return new MachineException(65, String.valueOf(cause.getMessage()), cause);
    }

    /** The host cannot do it. */
    public static MachineException host(String message) {
        return new MachineException(Outcome.CODE_HOST, message);
    }

    /** The host cannot do it, as {@code cause} says. */
    public static MachineException host(String message, Throwable cause) {
        return new MachineException(Outcome.CODE_HOST, message + ": " + cause.getMessage(), cause);
    }

    /**
     * The process exit code that fits.
     *
     * @return 65 for bad input, 69 when the host cannot
     */
    public int exitCode() {
        return exitCode;
    }
}
