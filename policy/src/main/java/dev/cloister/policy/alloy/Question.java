package dev.cloister.policy.alloy;

import dev.cloister.policy.model.SourcePosition;

/**
 * One question on a policy that a command of its {@link PolicyModel} asks. The answer is yes if Alloy finds no counterexample.
 *
 * @param subject what it is about
 * @param command label of the command in the module
 * @param asks the question in words, such as {@code is flow "readings" granted?}
 * @param position where the policy declares what it is about
 */
public record Question(Subject subject, String command, String asks, SourcePosition position) {
    /** What a question is about. */
    public enum Subject {
        /** Whether a flow passes the gates that depend on nothing but the policy. */
        FLOW,
        /** Whether an assertion holds. */
        ASSERTION,
        /** Whether no information gets from one endpoint to another over flows without a declared budget. */
        APART,
        /** Whether nothing goes against the order but through guards. */
        NONINTERFERENCE,
        /** Whether parties of no conflict set can meet. */
        CONFLICTS
    }
}
