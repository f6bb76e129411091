package dev.cloister.policy.audit;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What a record tells of. */
public enum AuditKind {
    /** The policy daemon began. */
    DAEMON_START,
    /** The policy daemon ended in order. */
    DAEMON_STOP,
    /** A policy came into force. */
    POLICY_LOADED,
    /** A domain's VMM process was started. */
    DOMAIN_START,
    /** A domain ended by itself or by request. */
    DOMAIN_STOPPED,
    /** A domain's VMM process was killed or died. */
    DOMAIN_KILLED,
    /** A decision: granted. */
    GRANT,
    /** A decision: refused. */
    REFUSAL,
    /** A channel came to life. */
    CHANNEL_OPEN,
    /** A channel ended. */
    CHANNEL_CLOSE,
    /** A window of time opened. */
    WINDOW_OPENED,
    /** A window of time closed. */
    WINDOW_CLOSED,
    /** A domain that has ended will be started again by its rule, or no more. */
    DOMAIN_RESTART,
    /** Information of a party has reached an endpoint for the first time. */
    CONFLICT_CONTACT,
    /** A quota is used up for its period. */
    QUOTA_USED_UP,
    /** Serial output for a log file is lost. */
    LOG_LOST,
    /** The operator lets a policy run that asks for more than this release enforces. */
    UNENFORCED,
    /** The opener of the journal of contacts removed an incomplete last line. */
    JOURNAL_REPAIRED,
    /** A guest or VMM tried what it may not do. */
    VIOLATION,
    /** A guest ended by its own fault. */
    GUEST_FAULT,
    /** A peer broke the daemon's protocol. */
    PROTOCOL_ERROR,
    /** Somebody with the control socket asked for something: pause, resume, stop, shutdown. */
    OPERATOR,
    /** The opener of the log removed an incomplete last line. */
    LOG_REPAIRED,
    /** The log was closed in order. */
    LOG_CLOSED;

    private final String jsonName;

    AuditKind() {
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

    /** Returns the kind of that name, if this release knows it. */
    public static Optional<AuditKind> ofJsonName(String name) {
        return Arrays.stream(values())
                .filter(kind -> kind.jsonName.equals(name))
                .findFirst();
    }
}
