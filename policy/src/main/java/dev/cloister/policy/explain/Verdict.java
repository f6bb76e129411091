package dev.cloister.policy.explain;

import dev.cloister.policy.decision.Gate;
import dev.cloister.policy.decision.Outcome;
import dev.cloister.policy.decision.Reason;
import dev.cloister.policy.model.SourcePosition;

/**
 * What one gate said about one request.
 *
 * @param gate the gate
 * @param outcome what it said
 * @param reason why, as a code
 * @param text why, in words
 * @param position the rule of the policy that it applied
 */
public record Verdict(Gate gate, Outcome outcome, Reason reason, String text, SourcePosition position) {}
