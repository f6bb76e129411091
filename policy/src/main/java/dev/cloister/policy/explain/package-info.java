/**
 * Decisions in words: verdicts with reasons and positions, and the explanation of any pair of endpoints. Words are made
 * here and not in the decision core, which stays small enough to read whole.
 */
@NullMarked
package dev.cloister.policy.explain;

import org.jspecify.annotations.NullMarked;
