package dev.cloister.policy.audit;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** How much a record asks for somebody's attention, in the words and numbers of RFC 5424, section 6.2.1. Ordered by urgency. */
public enum Severity {
    /** The daemon can't do what it is there for. */
    CRITICAL(2),
    /** Something was tried that must not be, or a fault ended a domain. */
    ERROR(3),
    /** Something was refused or lost, or needs a look. */
    WARNING(4),
    /** In order, but worth knowing. */
    NOTICE(5),
    /** What happens all day. */
    INFO(6);

    private final int number;

    Severity(int number) {
        this.number = number;
    }

    /** Returns syslog's number, 2 for critical to 6 for informational. */
    public int number() {
        return number;
    }

    /** Returns the name as users write it, such as {@code warning}. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Returns whether this is as urgent as another, or more. */
    public boolean atLeast(Severity other) {
        return number <= other.number;
    }

    /** Returns the severity of that name. */
    public static Optional<Severity> ofText(String text) {
        return Arrays.stream(values()).filter(s -> s.text().equals(text)).findFirst();
    }
}
