/**
 * What follows from a policy before it runs: the graph of information flow and every static analysis over it, each with stable
 * identifiers of its findings. Deterministic, without I/O; nothing here decides on requests (see the decision package).
 */
@NullMarked
package dev.cloister.policy.analysis;

import org.jspecify.annotations.NullMarked;
