/**
 * The graph of information flow that a policy allows, and what is asked of any graph: reach, paths, components, cuts, flows. Knows
 * of a policy its endpoints, flows, guards and what they share; what follows from the answers is said by the analyses.
 */
@NullMarked
package dev.cloister.policy.analysis.graph;

import org.jspecify.annotations.NullMarked;
