package dev.cloister.cli.up;

import java.util.HashMap;
import java.util.Map;

/**
 * Which runs of the domains are told already. What says that a domain runs may be older than the end of its line: without this, all that
 * it said would be told twice. One thread.
 */
final class FollowedRuns {
    private final Map<String, Integer> taken = new HashMap<>();
    private final Map<String, Long> told = new HashMap<>();

    /**
     * Whether a domain that runs may have a line that wasn't followed.
     *
     * @param domain its name
     * @param pid its process, as the daemon's state has it; 0 if that isn't known
     */
    boolean mayHaveAnother(String domain, long pid) {
        return pid == 0 || told.getOrDefault(domain, 0L) != pid;
    }

    /**
     * Takes a line to be followed.
     *
     * @param run which run of the domain's it is
     * @return false if that was followed before
     */
    boolean take(String domain, long pid, int run) {
        Integer before = taken.put(domain, run);
        boolean another = before == null || before != run;
        if (!another) {
            told.put(domain, pid);
        }
        return another;
    }

    /** Another daemon has taken the domains over and counts their runs anew. */
    void forget() {
        taken.clear();
        told.clear();
    }
}
