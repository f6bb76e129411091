/**
 * The decision core: a pure function of policy, history and request. No I/O, no clock, no third-party code; with the label rule in
 * the model package under 500 lines, which a test counts. What feeds it or carries out what it said belongs elsewhere.
 */
@NullMarked
package dev.cloister.policy.decision;

import org.jspecify.annotations.NullMarked;
