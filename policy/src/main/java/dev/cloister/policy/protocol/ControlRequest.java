package dev.cloister.policy.protocol;

import dev.cloister.policy.model.Domain;
import java.util.Map;

/**
 * A request on the control socket: one line of JSON, {@code {"command":"pause","domain":"sensor"}}.
 *
 * @param command what to do
 * @param domain name of the domain it concerns; empty where it concerns none
 * @param flow name of the flow it concerns; empty where it concerns none
 * @param major name of the schedule's major frame it concerns; empty where it concerns none
 * @param intervalMillis {@link Command#WATCH}: milliseconds between snapshots, {@link #MIN_INTERVAL} to {@link #MAX_INTERVAL}
 * @param graceMillis {@link Command#STOP}: milliseconds that a guest which listens to its power button has to shut down, 0 to
 *     {@link #MAX_GRACE}; 0 cuts its power at once
 * @param path {@link Command#LOAD_POLICY}: absolute path of the policy file, as the daemon sees it; else empty
 * @param dryRun {@link Command#LOAD_POLICY}: whether to tell what would change, and change nothing
 * @param readOnly {@link Command#CONSOLE}: whether only to look: what is sent is discarded, and nobody is kept from typing
 * @param pid {@link Command#CONSOLE}: the client's process, for whoever finds the line taken; unchecked, 0 to {@link #MAX_PID}, 0 for
 *     none
 * @param balloonBytes {@link Command#BALLOON}: bytes that the guest shall give back in all, 0 to {@link Domain#MAX_MEMORY};
 *     {@link #KEEP_BALLOON} only to ask
 */
public record ControlRequest(
        Command command,
        String domain,
        String flow,
        String major,
        int intervalMillis,
        int graceMillis,
        String path,
        boolean dryRun,
        boolean readOnly,
        int pid,
        long balloonBytes) {
    /** Shortest interval of a watch, in milliseconds. */
    public static final int MIN_INTERVAL = 50;
    /** Longest interval of a watch, in milliseconds. */
    public static final int MAX_INTERVAL = 60_000;
    /** Interval of a watch that names none, in milliseconds. */
    public static final int DEFAULT_INTERVAL = 500;

    /** Longest grace of a guest that is to shut down, in milliseconds. */
    public static final int MAX_GRACE = 3_600_000;

    /** Highest number of a process on Linux. */
    public static final int MAX_PID = 4_194_304;

    /** Size of a balloon that stays as it is. */
    public static final long KEEP_BALLOON = -1;

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
        /**
         * After the answer the connection carries the domain's serial line, raw bytes both ways. Many may look, one at a time may type:
         * where somebody does already and the request is not {@code readOnly}, the answer is {@code busy}.
         */
        CONSOLE("console", Subject.DOMAIN),
        /** Changes the size of a domain's balloon, or only asks for it; answered when the guest has told of its memory or doesn't. */
        BALLOON("balloon", Subject.DOMAIN),
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
        return RequestField.request(command, Map.of());
    }

    /**
     * Makes a request that concerns a domain.
     *
     * @param command what to do
     * @param domain its name
     * @return the request
     */
    public static ControlRequest of(Command command, String domain) {
        return RequestField.request(command, Map.of(RequestField.DOMAIN, domain));
    }

    /**
     * Makes a request for snapshots.
     *
     * @param intervalMillis milliseconds between them
     * @return the request
     */
    public static ControlRequest watch(int intervalMillis) {
        return RequestField.request(Command.WATCH, Map.of(RequestField.INTERVAL, intervalMillis));
    }

    /**
     * Makes a request for a domain's serial line.
     *
     * @param domain its name
     * @param readOnly whether only to look
     * @param pid this process, or 0
     * @return the request
     */
    public static ControlRequest console(String domain, boolean readOnly, int pid) {
        return RequestField.request(
                Command.CONSOLE,
                Map.of(RequestField.DOMAIN, domain, RequestField.READ_ONLY, readOnly, RequestField.PID, pid));
    }

    /**
     * Makes a request to stop a domain.
     *
     * @param domain its name
     * @param graceMillis how long its guest may take to shut down
     * @return the request
     */
    public static ControlRequest stop(String domain, int graceMillis) {
        return RequestField.request(Command.STOP, Map.of(RequestField.DOMAIN, domain, RequestField.GRACE, graceMillis));
    }

    /**
     * Makes a request about a domain's balloon.
     *
     * @param domain its name
     * @param bytes how much its guest shall give back in all, or {@link #KEEP_BALLOON}
     * @return the request
     */
    public static ControlRequest balloon(String domain, long bytes) {
        return RequestField.request(Command.BALLOON, Map.of(RequestField.DOMAIN, domain, RequestField.BALLOON, bytes));
    }

    /**
     * Makes a request that concerns a flow.
     *
     * @param command what to do
     * @param flow its name
     * @return the request
     */
    public static ControlRequest ofFlow(Command command, String flow) {
        return RequestField.request(command, Map.of(RequestField.FLOW, flow));
    }

    /**
     * Makes a request to load a policy.
     *
     * @param path absolute path of the policy file
     * @param dryRun whether nothing shall change
     * @return the request
     */
    public static ControlRequest load(String path, boolean dryRun) {
        return RequestField.request(Command.LOAD_POLICY, Map.of(RequestField.PATH, path, RequestField.DRY_RUN, dryRun));
    }

    /**
     * Makes a request that concerns a major frame of the schedule.
     *
     * @param command what to do
     * @param major its name
     * @return the request
     */
    public static ControlRequest ofMajor(Command command, String major) {
        return RequestField.request(command, Map.of(RequestField.MAJOR, major));
    }
}
