/**
 * What follows from a policy before it runs: every static analysis over its graph of information flow, each with stable
 * identifiers of its findings. Deterministic, without I/O; nothing here decides on requests (see the decision package).
 */
@NullMarked
package dev.cloister.policy.analysis;

import org.jspecify.annotations.NullMarked;
