package dev.cloister.policy.analysis.graph;

import java.util.List;
import java.util.StringJoiner;

/**
 * Edges whose removal leaves no path.
 *
 * @param edges the edges; empty where removing flows doesn't help or more than {@link CutFinder#MOST} would have to go
 * @param anyOne whether each of them alone is enough; else all are needed, and no fewer would be enough
 */
public record Cut(List<FlowEdge> edges, boolean anyOne) {
    private static final int SHOWN = 6;

    /** Copies the list. */
    public Cut {
        edges = List.copyOf(edges);
    }

    /** Returns whether there is a cut to propose. */
    public boolean found() {
        return !edges.isEmpty();
    }

    /** Returns the advice in words, such as {@code remove one of flow "a" (p.json:3:4), flow "b" (p.json:5:4)}. */
    public String advice() {
        if (edges.isEmpty()) {
            return "";
        }
        StringJoiner names = new StringJoiner(", ");
        edges.stream().limit(SHOWN).forEach(edge -> names.add(words(edge)));
        String more = edges.size() > SHOWN ? " and " + (edges.size() - SHOWN) + " more" : "";
        String lead = edges.size() == 1 ? "remove " : anyOne ? "remove one of " : "remove all of ";
        return lead + names + more;
    }

    private static String words(FlowEdge edge) {
        String reverse = edge.edgeClass().induced() ? "the reverse edge of " : "";
        return reverse + "flow \"" + edge.name() + "\" (" + edge.position() + ")";
    }
}
