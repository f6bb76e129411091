package dev.cloister.cli.policy;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.cloister.cli.text.Table;
import dev.cloister.policy.analysis.graph.FlowEdge;
import dev.cloister.policy.analysis.graph.FlowPath;
import dev.cloister.policy.model.Endpoint;
import dev.cloister.policy.model.Policy;
import dev.cloister.policy.model.SourcePosition;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;

/** Paths and edges of the information-flow graph as people and as programs read them. */
final class PathText {
    private PathText() {}

    /** Prints edges as a table in 80 columns; places in the policy's own file are line and column only. */
    static void print(PrintWriter out, Policy policy, List<FlowEdge> edges) {
        Table table = new Table("FROM", "TO", "BY", "EDGE", "AT");
        edges.forEach(edge -> table.row(
                shown(policy, edge.from()), shown(policy, edge.to()), edge.name(), words(edge), at(policy, edge)));
        table.lines().forEach(line -> out.println("  " + line));
    }

    /** Returns the name, with a star if it is a guard. */
    private static String shown(Policy policy, Endpoint endpoint) {
        return endpoint.name() + (policy.isGuard(endpoint.index()) ? "*" : "");
    }

    private static String words(FlowEdge edge) {
        return edge.edgeClass().words() + (edge.mediated() ? ", guarded" : "");
    }

    private static String at(Policy policy, FlowEdge edge) {
        SourcePosition at = edge.position();
        return at.file().equals(policy.file()) ? at.line() + ":" + at.column() : at.toString();
    }

    /** Writes a path as an array of edges. */
    static void write(JsonGenerator json, FlowPath path) throws IOException {
        json.writeStartArray();
        for (FlowEdge edge : path.edges()) {
            write(json, edge);
        }
        json.writeEndArray();
    }

    /** Writes an edge as an object. */
    static void write(JsonGenerator json, FlowEdge edge) throws IOException {
        json.writeStartObject();
        json.writeStringField("from", edge.from().name());
        json.writeStringField("to", edge.to().name());
        json.writeStringField("by", edge.name());
        json.writeStringField("edge", edge.edgeClass().words());
        json.writeBooleanField("guarded", edge.mediated());
        json.writeStringField("at", edge.position().toString());
        json.writeEndObject();
    }
}
