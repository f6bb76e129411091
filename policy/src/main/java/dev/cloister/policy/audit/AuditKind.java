package dev.cloister.policy.audit;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * What a record tells of. The names in the log follow from the constants; {@code docs/audit.md} lists them from here. A kind is never
 * removed, since logs outlive releases.
 */
public enum AuditKind {
    /** The policy daemon began. */
    DAEMON_START(Severity.NOTICE, "The policy daemon began."),
    /** The policy daemon ended in order. */
    DAEMON_STOP(Severity.NOTICE, "The policy daemon ended in order."),
    /** A policy came into force. */
    POLICY_LOADED(Severity.NOTICE, "A policy came into force; `policy` and `epoch` are the new ones."),
    /** A policy that was to be loaded was refused; the one before stays in force. */
    POLICY_REFUSED(
            Severity.WARNING,
            "A policy that was to be loaded was refused, `detail` says why; the one before stays in force."),
    /** A domain's VMM process is about to be started. */
    DOMAIN_START(Severity.INFO, "A domain's VMM process is about to be started."),
    /** A domain ended by itself or by request. */
    DOMAIN_STOPPED(Severity.INFO, "A domain ended by itself or by request."),
    /** A domain's VMM process was killed or died. */
    DOMAIN_KILLED(Severity.ERROR, "A domain's VMM process was killed, or crashed."),
    /** A VMM that outlived a daemon was taken over by another. */
    DOMAIN_ADOPTED(Severity.NOTICE, "A VMM process that outlived a daemon was taken over by the next, or ended by it."),
    /** A decision: granted. */
    GRANT(Severity.INFO, "A decision: granted. `verdicts` has every gate's."),
    /** A decision: refused. */
    REFUSAL(Severity.WARNING, "A decision: refused. `rule` is the rule that decided, `verdicts` has every gate's."),
    /** A channel came to life. */
    CHANNEL_OPEN(Severity.INFO, "A channel came to life."),
    /** A channel is taken away from those who have it. */
    CHANNEL_REVOKED(Severity.NOTICE, "A channel is taken away from those who have it."),
    /** Nothing passes through a revoked channel any more, whatever its VMMs do. */
    CHANNEL_CUT(
            Severity.INFO,
            "Nothing passes through a channel any more, whatever its VMMs do; `afterMicros` since it was told to end."),
    /** A channel ended. */
    CHANNEL_CLOSE(Severity.INFO, "A channel ended."),
    /** A window of time opened. */
    WINDOW_OPENED(Severity.INFO, "A window of time opened."),
    /** A window of time closed. */
    WINDOW_CLOSED(Severity.INFO, "A window of time closed."),
    /** A domain that has ended will be started again by its rule, or no more. */
    DOMAIN_RESTART(Severity.NOTICE, "A domain that has ended will be started again by its rule, or no more."),
    /** Information of a party has reached an endpoint for the first time. */
    CONFLICT_CONTACT(
            Severity.NOTICE, "Information of a conflict set's party has reached an endpoint for the first time."),
    /** Part of a quota was taken, before it was used. */
    QUOTA_LEASED(
            Severity.INFO, "A channel took `units` of its quota, before they were used; what it gives back follows."),
    /** A quota is used up for its period. */
    QUOTA_USED_UP(Severity.NOTICE, "A quota is used up for its period."),
    /** Serial output for a log file is lost. */
    LOG_LOST(Severity.WARNING, "Output for a `@log` file is lost, or is written again after such a loss."),
    /** The host or the operator lets a policy run that asks for more than is enforced. */
    UNENFORCED(Severity.WARNING, "The policy asks for something that is not enforced here, and that was accepted."),
    /** The opener of the journal of contacts removed an incomplete last line. */
    JOURNAL_REPAIRED(Severity.WARNING, "An incomplete last line, as a crash leaves it, was removed from a journal."),
    /** A guest or VMM tried what it may not do. */
    VIOLATION(Severity.ERROR, "A guest or its VMM tried what it may not do."),
    /** A program of the host wanted a connection that no flow allows. */
    CONNECTION_REFUSED(Severity.WARNING, "A program of the host asked for a port of a domain that no flow has."),
    /** Events of a domain were counted and not recorded singly. */
    SUPPRESSED(Severity.WARNING, "So many events of a domain were only counted, because they came too fast."),
    /** A guest ended by its own fault. */
    GUEST_FAULT(Severity.ERROR, "A guest ended by its own fault; the report's file is named."),
    /** A peer broke the daemon's protocol. */
    PROTOCOL_ERROR(Severity.ERROR, "A VMM broke the daemon's protocol; it is killed."),
    /** Somebody with the control socket asked for something: pause, resume, stop, shutdown. */
    OPERATOR(Severity.NOTICE, "Somebody with the control socket asked for something."),
    /** Somebody with the control socket sees a domain's serial line, or types to it. */
    CONSOLE_ATTACHED(Severity.NOTICE, "Somebody with the control socket sees a domain's serial line, or types to it."),
    /** Somebody has left a domain's serial line. */
    CONSOLE_DETACHED(Severity.INFO, "Somebody has left a domain's serial line, or was parted from it."),
    /** Somebody wanted to type to a domain to which another types. */
    CONSOLE_REFUSED(Severity.WARNING, "Somebody wanted to type to a domain's serial line while somebody else did."),
    /** The host's clock was set, or the host slept. */
    CLOCK_JUMPED(Severity.WARNING, "The wall clock moved against the monotonic clock: it was set, or the host slept."),
    /** The log goes on in a new file. */
    LOG_ROTATED(Severity.INFO, "The log goes on in this file; what went before and what is kept is named."),
    /** The opener of the log removed an incomplete last line. */
    LOG_REPAIRED(Severity.WARNING, "An incomplete last line of this log, as a crash leaves it, was removed."),
    /** The log could not be written for a while, and nothing that needs a record happened meanwhile. */
    LOG_BLOCKED(Severity.CRITICAL, "The log could not be written for a while; what needed a record waited."),
    /** The log was closed in order. */
    LOG_CLOSED(Severity.INFO, "The log was closed in order.");

    private final String jsonName;
    private final Severity severity;
    private final String description;

    AuditKind(Severity severity, String description) {
        this.severity = severity;
        this.description = description;
        StringBuilder camel = new StringBuilder();
        for (String word : name().split("_")) {
            String lower = word.toLowerCase(Locale.ROOT);
            camel.append(camel.isEmpty() ? lower.charAt(0) : Character.toUpperCase(lower.charAt(0)))
                    .append(lower, 1, lower.length());
        }
        jsonName = camel.toString();
    }

    /** Returns the name used in the log, such as {@code domainStart}. */
    public String jsonName() {
        return jsonName;
    }

    /** Returns how urgent such a record is. */
    public Severity severity() {
        return severity;
    }

    /** Returns what it tells, a sentence in Markdown for the reference. */
    public String description() {
        return description;
    }

    /** Returns the kind of that name, if this release knows it. */
    public static Optional<AuditKind> ofJsonName(String name) {
        return Arrays.stream(values())
                .filter(kind -> kind.jsonName.equals(name))
                .findFirst();
    }
}
