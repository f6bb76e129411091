package dev.cloister.policy.render;

import dev.cloister.policy.model.Domain;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Label;
import java.util.List;

/** The graph in the language of Graphviz: a cluster for each label, the highest on top. */
final class DotWriter {
    private final GraphModel model;
    private final StringBuilder out = new StringBuilder(4096);

    DotWriter(GraphModel model) {
        this.model = model;
    }

    String write() {
        out.append("digraph \"").append(Escape.dot(model.policy().name())).append("\" {\n");
        out.append("  rankdir=BT;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n");
        out.append("  edge [fontname=\"sans-serif\", fontsize=9];\n");
        int cluster = 0;
        for (Label label : model.ranks().keySet()) {
            List<Endpoint> members = model.policy().endpoints().stream()
                    .filter(endpoint -> endpoint.label().equals(label))
                    .toList();
            out.append("  subgraph cluster_").append(cluster++).append(" {\n    label=\"");
            out.append(Escape.dot(model.policy().lattice().format(label))).append("\";\n");
            members.forEach(this::node);
            out.append("  }\n");
        }
        model.edges().stream().filter(edge -> edge.sort().drawn()).forEach(this::edge);
        return out.append("}\n").toString();
    }

    private void node(Endpoint endpoint) {
        out.append("    \"").append(Escape.dot(endpoint.name())).append('"');
        if (model.policy().isGuard(endpoint.index())) {
            out.append(" [shape=hexagon, style=bold, xlabel=\"guard\"]");
        } else if (!(endpoint instanceof Domain)) {
            out.append(" [shape=component, style=\"\"]");
        }
        out.append(";\n");
    }

    private void edge(GraphEdge edge) {
        out.append("  \"").append(Escape.dot(edge.from().name())).append("\" -> \"");
        out.append(Escape.dot(edge.to().name())).append("\" [label=\"");
        out.append(Escape.dot(
                        edge.sort().reverse()
                                ? budget(edge)
                                : edge.name() + "\\n" + edge.kind().jsonName())
                .replace("\\\\n", "\\n"));
        out.append('"').append(style(edge)).append("];\n");
    }

    private static String budget(GraphEdge edge) {
        return edge.budget() > 0 ? "<= " + edge.budget() + " bit/s" : "no budget";
    }

    private static String style(GraphEdge edge) {
        return switch (edge.sort()) {
            case GRANTED, LEGAL -> "";
            case MEDIATED -> ", style=bold, color=darkgoldenrod";
            case REFUSED -> ", style=dotted, color=red";
            case BUDGETED -> ", style=dashed, color=gray40, constraint=false";
            case LEAK -> ", style=dashed, color=red, constraint=false";
        };
    }
}
