package dev.cloister.policy.model;

import java.time.DayOfWeek;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.Optional;
import java.util.Set;

/** A span of time by name. */
public sealed interface Window {
    /** The most windows of a policy. */
    int MAX = 64;

    /** Returns the dense number, also its bit in a mask of open windows. */
    int index();

    /** Returns its name. */
    String name();

    /** Returns where the policy declares it. */
    SourcePosition position();

    /**
     * Spans of local wall-clock time. It is open while the local time of the zone is within; a local time that a change of the
     * clock skips never comes, one that it repeats comes twice.
     *
     * @param index dense number
     * @param name its name
     * @param zone the zone whose local time counts
     * @param days days on which it begins
     * @param from local time at which it begins
     * @param to local time at which it ends, not included; not after {@code from}: on the next day
     * @param notBefore first day on which it may begin, where stated
     * @param notAfter last day on which it may begin, where stated
     * @param position where the policy declares it
     */
    record Calendar(
            int index,
            String name,
            ZoneId zone,
            Set<DayOfWeek> days,
            LocalTime from,
            LocalTime to,
            Optional<LocalDate> notBefore,
            Optional<LocalDate> notAfter,
            SourcePosition position)
            implements Window {
        /** Copies the set. */
        public Calendar {
            days = Set.copyOf(days);
        }
    }

    /**
     * A span measured from the load of the policy.
     *
     * @param index dense number
     * @param name its name
     * @param after when it opens
     * @param length how long it is open; empty: for good
     * @param position where the policy declares it
     */
    record Relative(int index, String name, Duration after, Optional<Duration> length, SourcePosition position)
            implements Window {}
}
