package dev.cloister.policy.analysis;

import dev.cloister.policy.analysis.graph.FlowPath;
import dev.cloister.policy.model.Problem;
import java.util.Optional;

/**
 * One finding of an analysis.
 *
 * @param problem identifier, severity, position, message, suggestion
 * @param witness a shortest path that shows it, where a path does; the message has it in words
 */
public record Finding(Problem problem, Optional<FlowPath> witness) {}
