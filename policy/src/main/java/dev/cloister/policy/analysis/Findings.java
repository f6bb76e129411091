package dev.cloister.policy.analysis;

import dev.cloister.policy.analysis.graph.FlowPath;
import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Problem;
import dev.cloister.policy.model.Problem.Severity;
import dev.cloister.policy.model.SourcePosition;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Collects the findings of one analysis: of each identifier and severity the first {@link #MOST}, and one line that counts the
 * others. So a policy of 10,000 domains has a report that people read, and no error is lost among notes.
 */
final class Findings {
    /** The most findings of one identifier and severity. */
    static final int MOST = 50;

    private final List<Finding> list = new ArrayList<>();
    private final Map<Sort, Counted> counts = new LinkedHashMap<>();

    private record Sort(FindingId id, Severity severity) {}

    private static final class Counted {
        private final SourcePosition firstOmitted;
        private long omitted;
        private int kept;

        Counted(SourcePosition at) {
            firstOmitted = at;
        }
    }

    void error(FindingId id, SourcePosition at, String message, String suggestion) {
        add(id, Severity.ERROR, at, message, suggestion, Optional.empty());
    }

    void warning(FindingId id, SourcePosition at, String message, String suggestion) {
        add(id, Severity.WARNING, at, message, suggestion, Optional.empty());
    }

    void note(FindingId id, SourcePosition at, String message) {
        note(id, at, message, "");
    }

    void note(FindingId id, SourcePosition at, String message, String suggestion) {
        add(id, Severity.NOTE, at, message, suggestion, Optional.empty());
    }

    /**
     * Adds a finding.
     *
     * @param id its identifier
     * @param severity how bad it is
     * @param at where in the policy
     * @param message what is wrong, with the witness in words
     * @param suggestion what to do, may be empty
     * @param witness the path that shows it
     */
    void add(
            FindingId id,
            Severity severity,
            SourcePosition at,
            String message,
            String suggestion,
            Optional<FlowPath> witness) {
        if (full(id, severity)) {
            omit(id, severity, at, 1);
            return;
        }
        count(id, severity, at).kept++;
        list.add(new Finding(problem(id, severity, at, message, suggestion), witness));
    }

    /** Returns whether further findings of that sort are only counted: their message and witness need not be made. */
    boolean full(FindingId id, Severity severity) {
        Counted counted = counts.get(new Sort(id, severity));
        return counted != null && counted.kept >= MOST;
    }

    /** Counts findings that are not listed. */
    void omit(FindingId id, Severity severity, SourcePosition at, long more) {
        count(id, severity, at).omitted += more;
    }

    private Counted count(FindingId id, Severity severity, SourcePosition at) {
        return counts.computeIfAbsent(new Sort(id, severity), _ -> new Counted(at));
    }

    /** Returns the findings, then a line for each sort of which some were left out. */
    List<Finding> all() {
        List<Finding> all = new ArrayList<>(list);
        counts.forEach((sort, counted) -> {
            if (counted.omitted > 0) {
                String message =
                        "and " + counted.omitted + " more of " + sort.id().code();
                all.add(new Finding(
                        problem(sort.id(), sort.severity(), counted.firstOmitted, message, ""), Optional.empty()));
            }
        });
        return all;
    }

    private static Problem problem(
            FindingId id, Severity severity, SourcePosition at, String message, String suggestion) {
        return new Problem(id, severity, at.file(), at.line(), at.column(), message, "", "", suggestion);
    }
}
