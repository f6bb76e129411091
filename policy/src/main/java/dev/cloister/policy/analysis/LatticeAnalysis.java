package dev.cloister.policy.analysis;

import dev.cloister.policy.model.FindingId;
import dev.cloister.policy.model.Lattice;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * Whether the levels, a partial order by construction, are a lattice: any two have a least level above both and a greatest one
 * below both. Where they aren't, information of the two has no one place to meet; that may be meant, so it is only noted.
 */
final class LatticeAnalysis implements Analysis {
    @Override
    public String id() {
        return "lattice";
    }

    @Override
    public String title() {
        return "levels are a lattice";
    }

    @Override
    public int examined(AnalysisContext context) {
        return context.policy().lattice().levels().size();
    }

    @Override
    public void run(AnalysisContext context, Findings out) {
        Lattice lattice = context.policy().lattice();
        missing(lattice, true, out);
        missing(lattice, false, out);
    }

    private static void missing(Lattice lattice, boolean above, Findings out) {
        int levels = lattice.levels().size();
        String witness = "";
        int pairs = 0;
        for (int a = 0; a < levels; a++) {
            for (int b = a + 1; b < levels; b++) {
                List<Integer> nearest = nearest(lattice, a, b, above);
                if (nearest.size() != 1) {
                    pairs++;
                    witness = witness.isEmpty() ? words(lattice, a, b, nearest, above) : witness;
                }
            }
        }
        if (pairs > 0) {
            String more = pairs > 1 ? "; so have " + (pairs - 1) + " more pairs" : "";
            out.note(
                    FindingId.NOT_A_LATTICE,
                    lattice.position(),
                    "the levels are no lattice: " + witness + more,
                    above
                            ? "where information of both may meet, declare a level directly above both"
                            : "where both may learn the same, declare a level directly below both");
        }
    }

    /** The lowest levels above both, or the highest below both: one in a lattice. */
    private static List<Integer> nearest(Lattice lattice, int a, int b, boolean above) {
        IntPredicate bound = above
                ? level -> below(lattice, a, level) && below(lattice, b, level)
                : level -> below(lattice, level, a) && below(lattice, level, b);
        List<Integer> bounds = new ArrayList<>();
        for (int level = 0; level < lattice.levels().size(); level++) {
            if (bound.test(level)) {
                bounds.add(level);
            }
        }
        return bounds.stream()
                .filter(level -> bounds.stream().noneMatch(other -> nearer(lattice, other, level, above)))
                .toList();
    }

    private static boolean nearer(Lattice lattice, int other, int level, boolean above) {
        return other != level && (above ? below(lattice, other, level) : below(lattice, level, other));
    }

    private static boolean below(Lattice lattice, int low, int high) {
        return (lattice.below().get(high) >>> low & 1) != 0;
    }

    private static String words(Lattice lattice, int a, int b, List<Integer> nearest, boolean above) {
        String pair = name(lattice, a) + " and " + name(lattice, b);
        if (nearest.isEmpty()) {
            return pair + " have no level " + (above ? "above" : "below") + " both";
        }
        return pair + " have " + nearest.size() + (above ? " lowest levels above" : " highest levels below")
                + " both, such as " + name(lattice, nearest.get(0)) + " and " + name(lattice, nearest.get(1));
    }

    private static String name(Lattice lattice, int level) {
        return "\"" + lattice.levels().get(level) + "\"";
    }
}
