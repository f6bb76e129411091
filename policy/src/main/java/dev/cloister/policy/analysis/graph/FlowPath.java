package dev.cloister.policy.analysis.graph;

import dev.cloister.policy.model.Endpoint;
import java.util.ArrayList;
import java.util.List;

/**
 * A way that information may take.
 *
 * @param edges its edges, at least one; each begins where the one before ends
 */
public record FlowPath(List<FlowEdge> edges) {
    private static final int SHOWN = 12;

    /** Copies the list. */
    public FlowPath {
        edges = List.copyOf(edges);
        if (edges.isEmpty()) {
            throw new IllegalArgumentException("a path has at least one edge");
        }
    }

    /** Returns where it starts. */
    public Endpoint from() {
        return edges.getFirst().from();
    }

    /** Returns where it ends. */
    public Endpoint to() {
        return edges.getLast().to();
    }

    /** Returns the endpoints along it, first and last included. */
    public List<Endpoint> nodes() {
        List<Endpoint> nodes = new ArrayList<>(edges.size() + 1);
        nodes.add(from());
        edges.forEach(edge -> nodes.add(edge.to()));
        return nodes;
    }

    /** Returns the path in one line, such as {@code sensor -[readings]-> guard ~[reports]~> sensor}; long ones are cut. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(from().name());
        int shown = edges.size() <= SHOWN ? edges.size() : SHOWN - 1;
        edges.subList(0, shown).forEach(edge -> text.append(' ').append(edge.arrow()));
        if (shown < edges.size()) {
            text.append(" ... ")
                    .append(edges.size() - shown - 1)
                    .append(" more ... ")
                    .append(edges.getLast().arrow());
        }
        return text.toString();
    }
}
