package dev.cloister.policy.model;

import java.util.List;
import java.util.Locale;

/**
 * Parties with a conflict of interest.
 *
 * @param index dense number, also its bit in {@link Guard#sanitizes()}
 * @param name its name; the history is kept under it
 * @param mode when the conflict counts
 * @param parties the parties, at least one
 * @param description the author's words, may be empty
 * @param position where the policy declares it
 */
public record ConflictSet(
        int index, String name, Mode mode, List<Party> parties, String description, SourcePosition position) {
    /** The most conflict sets of a policy. */
    public static final int MAX = 64;

    /** The party of an endpoint that is in none. */
    public static final int NO_PARTY = -1;

    /** Copies the list. */
    public ConflictSet {
        parties = List.copyOf(parties);
    }

    /** When a conflict counts. */
    public enum Mode {
        /** Domains of different parties may not run at the same time. */
        CONCURRENT,
        /** What information of one party has reached may never be reached by that of another. */
        HISTORIC;

        /** Returns the name used in JSON. */
        public String jsonName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * One party.
     *
     * @param index dense number within its set
     * @param name its name; the history is kept under it
     * @param members its endpoints; an endpoint is in at most one party of a set
     * @param position where the policy declares it
     */
    public record Party(int index, String name, List<Endpoint> members, SourcePosition position) {
        /** Copies the list. */
        public Party {
            members = List.copyOf(members);
        }
    }
}
