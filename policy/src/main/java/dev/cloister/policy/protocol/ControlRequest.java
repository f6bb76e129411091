package dev.cloister.policy.protocol;

/**
 * A request on the control socket: one line of JSON, {@code {"command":"pause","domain":"sensor"}}.
 *
 * @param command what to do
 * @param domain name of the domain it concerns; empty where it concerns none
 * @param flow name of the flow it concerns; empty where it concerns none
 * @param major name of the schedule's major frame it concerns; empty where it concerns none
 * @param intervalMillis {@link Command#WATCH}: milliseconds between snapshots, {@link #MIN_INTERVAL} to {@link #MAX_INTERVAL}
 * @param path {@link Command#LOAD_POLICY}: absolute path of the policy file, as the daemon sees it; else empty
 * @param dryRun {@link Command#LOAD_POLICY}: whether to tell what would change, and change nothing
 */
public record ControlRequest(
        Command command, String domain, String flow, String major, int intervalMillis, String path, boolean dryRun) {
    /** Shortest interval of a watch, in milliseconds. */
    public static final int MIN_INTERVAL = 50;
    /** Longest interval of a watch, in milliseconds. */
    public static final int MAX_INTERVAL = 60_000;
    /** Interval of a watch that names none, in milliseconds. */
    public static final int DEFAULT_INTERVAL = 500;

    /** What a command concerns. */
    public enum Subject {
        /** The daemon as a whole. */
        NONE,
        /** One domain, named in {@code domain}. */
        DOMAIN,
        /** One flow, named in {@code flow}. */
        FLOW,
        /** One file, named in {@code path}. */
        FILE,
        /** One major frame of the schedule, named in {@code major}. */
        MAJOR
    }

    /** What can be asked for. */
    public enum Command {
        /** One snapshot. */
        PS("ps", Subject.NONE),
        /** The same as {@link #PS}. */
        STATUS("status", Subject.NONE),
        /** A line with a snapshot at every interval until either side closes; the last one shows how all ended. */
        WATCH("watch", Subject.NONE),
        /** Pauses a domain; answered when it stands. */
        PAUSE("pause", Subject.DOMAIN),
        /** Resumes a domain; answered when it runs. */
        RESUME("resume", Subject.DOMAIN),
        /** Starts a domain, with a new process and images measured anew; answered when its guest runs or the start is refused. */
        START("start", Subject.DOMAIN),
        /** Opens a flow's channel; answered when it is live or refused. */
        OPEN("open", Subject.FLOW),
        /** Takes a flow's channel away until it is opened again; answered when both ends have let go. */
        REVOKE("revoke", Subject.FLOW),
        /** Lets another major frame follow at the end of the one that runs; answered before that. */
        SCHEDULE_USE("schedule-use", Subject.MAJOR),
        /** Stops a domain; answered when its process is gone. */
        STOP("stop", Subject.DOMAIN),
        /** After the answer the connection carries the domain's serial line, raw bytes both ways. */
        CONSOLE("console", Subject.DOMAIN),
        /** Ends all domains and the daemon; answered before that begins. */
        SHUTDOWN("shutdown", Subject.NONE),
        /**
         * Puts another policy into force, whole or not at all; answered when everything that it no longer grants is gone, or with
         * why it can't be loaded.
         */
        LOAD_POLICY("load-policy", Subject.FILE),
        /** Length and newest hash of the audit log. */
        AUDIT_HEAD("audit-head", Subject.NONE);

        private final String text;
        private final Subject subject;

        Command(String text, Subject subject) {
            this.text = text;
            this.subject = subject;
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
         * Returns what the request must name.
         *
         * @return a domain, a flow, a file, a major frame, or nothing
         */
        public Subject subject() {
            return subject;
        }
    }

    /**
     * Makes a request that concerns no domain.
     *
     * @param command what to do
     * @return the request
     */
    public static ControlRequest of(Command command) {
        return new ControlRequest(command, "", "", "", DEFAULT_INTERVAL, "", false);
    }

    /**
     * Makes a request that concerns a domain.
     *
     * @param command what to do
     * @param domain its name
     * @return the request
     */
    public static ControlRequest of(Command command, String domain) {
        return new ControlRequest(command, domain, "", "", DEFAULT_INTERVAL, "", false);
    }

    /**
     * Makes a request that concerns a flow.
     *
     * @param command what to do
     * @param flow its name
     * @return the request
     */
    public static ControlRequest ofFlow(Command command, String flow) {
        return new ControlRequest(command, "", flow, "", DEFAULT_INTERVAL, "", false);
    }

    /**
     * Makes a request to load a policy.
     *
     * @param path absolute path of the policy file
     * @param dryRun whether nothing shall change
     * @return the request
     */
    public static ControlRequest load(String path, boolean dryRun) {
        return new ControlRequest(Command.LOAD_POLICY, "", "", "", DEFAULT_INTERVAL, path, dryRun);
    }

    /**
     * Makes a request that concerns a major frame of the schedule.
     *
     * @param command what to do
     * @param major its name
     * @return the request
     */
    public static ControlRequest ofMajor(Command command, String major) {
        return new ControlRequest(command, "", "", major, DEFAULT_INTERVAL, "", false);
    }
}
