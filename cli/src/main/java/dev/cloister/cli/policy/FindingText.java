package dev.cloister.cli.policy;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.cloister.cli.text.Lines;
import dev.cloister.policy.analysis.Finding;
import dev.cloister.policy.model.Problem;
import dev.cloister.policy.protocol.ControlReply.ProblemView;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Optional;

/** Findings as people and as programs read them. */
final class FindingText {
    private static final String INDENT = "  ";
    private static final String ADVICE = "  -> ";

    private FindingText() {}

    /** Prints position, severity and identifier in one line, then what is wrong and what to do, in 80 columns. */
    static void print(PrintWriter out, Problem problem) {
        print(out, ProblemView.of(problem));
    }

    /** Prints what a daemon found, as what is found here. */
    static void print(PrintWriter out, ProblemView problem) {
        String place = problem.line() > 0 ? ":" + problem.line() + ":" + problem.column() : "";
        out.println(problem.file() + place + ": " + problem.severity() + " " + problem.id());
        Lines.wrap(out, INDENT, problem.message());
        if (!problem.value().isEmpty()) {
            Lines.wrap(out, INDENT, "found " + problem.value());
        }
        if (!problem.expected().isEmpty()) {
            Lines.wrap(out, INDENT, "expected " + problem.expected());
        }
        if (!problem.suggestion().isEmpty()) {
            Lines.wrap(out, ADVICE, problem.suggestion());
        }
    }

    /** Writes a finding as a JSON object. */
    static void write(JsonGenerator json, Finding finding) throws IOException {
        Problem problem = finding.problem();
        json.writeStartObject();
        json.writeStringField("id", problem.id().code());
        json.writeStringField("analysis", problem.id().analysis());
        json.writeStringField("severity", problem.severity().label());
        json.writeStringField("file", problem.file());
        json.writeNumberField("line", problem.line());
        json.writeNumberField("column", problem.column());
        json.writeStringField("message", problem.message());
        json.writeStringField("value", problem.value());
        json.writeStringField("expected", problem.expected());
        json.writeStringField("suggestion", problem.suggestion());
        if (finding.witness().isPresent()) {
            json.writeArrayFieldStart("witness");
            for (var edge : finding.witness().get().edges()) {
                json.writeStartObject();
                json.writeStringField("from", edge.from().name());
                json.writeStringField("to", edge.to().name());
                json.writeStringField("by", edge.name());
                json.writeStringField("at", edge.position().toString());
                json.writeEndObject();
            }
            json.writeEndArray();
        }
        json.writeEndObject();
    }

    /** Wraps what the loader says, which has no witness. */
    static Finding of(Problem problem) {
        return new Finding(problem, Optional.empty());
    }
}
