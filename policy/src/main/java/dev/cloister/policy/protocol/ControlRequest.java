package dev.cloister.policy.protocol;

/**
 * A request on the control socket: one line of JSON, {@code {"command":"pause","domain":"sensor"}}.
 *
 * @param command what to do
 * @param domain name of the domain it concerns; empty where it concerns none
 * @param intervalMillis {@link Command#WATCH}: milliseconds between snapshots, {@link #MIN_INTERVAL} to {@link #MAX_INTERVAL}
 */
public record ControlRequest(Command command, String domain, int intervalMillis) {
    /** Shortest interval of a watch, in milliseconds. */
    public static final int MIN_INTERVAL = 50;
    /** Longest interval of a watch, in milliseconds. */
    public static final int MAX_INTERVAL = 60_000;
    /** Interval of a watch that names none, in milliseconds. */
    public static final int DEFAULT_INTERVAL = 500;

    /** What can be asked for. */
    public enum Command {
        /** One snapshot. */
        PS("ps", false),
        /** The same as {@link #PS}. */
        STATUS("status", false),
        /** A line with a snapshot at every interval until either side closes; the last one shows how all ended. */
        WATCH("watch", false),
        /** Pauses a domain; answered when it stands. */
        PAUSE("pause", true),
        /** Resumes a domain; answered when it runs. */
        RESUME("resume", true),
        /** Stops a domain; answered when its process is gone. */
        STOP("stop", true),
        /** After the answer the connection carries the domain's serial line, raw bytes both ways. */
        CONSOLE("console", true),
        /** Ends all domains and the daemon; answered before that begins. */
        SHUTDOWN("shutdown", false),
        /** Length and newest hash of the audit log. */
        AUDIT_HEAD("audit-head", false);

        private final String text;
        private final boolean needsDomain;

        Command(String text, boolean needsDomain) {
            this.text = text;
            this.needsDomain = needsDomain;
        }

        /**
         * Returns the name on the wire.
         *
         * @return lower case with hyphens
         */
        public String text() {
            return text;
        }

        /**
         * Tells whether the request must name a domain.
         *
         * @return true if it must
         */
        public boolean needsDomain() {
            return needsDomain;
        }
    }

    /**
     * Makes a request that concerns no domain.
     *
     * @param command what to do
     * @return the request
     */
    public static ControlRequest of(Command command) {
        return new ControlRequest(command, "", DEFAULT_INTERVAL);
    }

    /**
     * Makes a request that concerns a domain.
     *
     * @param command what to do
     * @param domain its name
     * @return the request
     */
    public static ControlRequest of(Command command, String domain) {
        return new ControlRequest(command, domain, DEFAULT_INTERVAL);
    }
}
