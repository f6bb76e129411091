package dev.cloister.policy.reference;

import java.util.Map;
import java.util.Set;

/**
 * What was answered to an event.
 *
 * @param reasons each gate's reason, by the gate's name, as the decision package names both; none for an event that asks nothing
 * @param flow name of the flow concerned, empty where none is
 * @param contacts contacts made, as {@code set:endpoint=party}
 * @param ended names of the domains and flows that ended because of windows
 */
public record Answer(Map<String, String> reasons, String flow, Set<String> contacts, Set<String> ended) {
    /** Nothing was asked and nothing happened. */
    public static final Answer NOTHING = new Answer(Map.of(), "", Set.of(), Set.of());

    private static final Set<String> PASSING = Set.of(
            "NOT_APPLICABLE",
            "UNRESTRICTED",
            "FLOW_DECLARED",
            "DOMAIN_DECLARED",
            "DOMINATES",
            "GUARD_ACCEPTS",
            "GUARD_RELEASES",
            "TYPE_ALLOWED",
            "NO_CONFLICT",
            "WINDOW_OPEN",
            "WITHIN_RATE",
            "WITHIN_QUOTA",
            "MEASURED");

    /** Returns what a reason amounts to, in the log's words. */
    public static String outcome(String reason) {
        return switch (reason) {
            case "NOT_APPLICABLE" -> "notApplicable";
            case "UNRESTRICTED" -> "unrestricted";
            default -> PASSING.contains(reason) ? "pass" : "refuse";
        };
    }

    /** Returns whether something was asked and no gate refused. */
    public boolean granted() {
        return !reasons.isEmpty() && PASSING.containsAll(reasons.values());
    }
}
