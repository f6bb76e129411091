package dev.cloister.policy.model;

import java.util.List;

/**
 * What the author holds to be true of the transitive closure of all flows.
 *
 * @param index dense number
 * @param name its name, may be empty
 * @param claim what is held
 * @param from where information starts
 * @param to where it arrives
 * @param via unlessVia: the endpoints of which every path must pass one; else empty
 * @param strict whether budgeted reverse edges and accepted risks count as well
 * @param because the author's reason, may be empty
 * @param position where the policy declares it
 */
public record Assertion(
        int index,
        String name,
        Claim claim,
        List<Endpoint> from,
        List<Endpoint> to,
        List<Endpoint> via,
        boolean strict,
        String because,
        SourcePosition position) {
    /** Copies the lists. */
    public Assertion {
        from = List.copyOf(from);
        to = List.copyOf(to);
        via = List.copyOf(via);
    }

    /** What is held. */
    public enum Claim {
        /** No path at all leads from any of one to any of the other. */
        NEVER("never"),
        /** Every path passes one of the endpoints named. */
        UNLESS_VIA("unlessVia"),
        /** From each of one a path leads to each of the other. */
        MUST("must");

        private final String jsonName;

        Claim(String jsonName) {
            this.jsonName = jsonName;
        }

        /** Returns the name used in JSON. */
        public String jsonName() {
            return jsonName;
        }
    }
}
