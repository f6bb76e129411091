/**
 * A policy as an Alloy module: the policy's facts as they stand in the file, the meaning of the language as fixed Alloy
 * predicates, and one command for each question. Verdicts are Alloy's own: nothing that this program computed about the policy is in
 * the module. Alloy itself is not needed here; tests run it.
 */
@NullMarked
package dev.cloister.policy.alloy;

import org.jspecify.annotations.NullMarked;
