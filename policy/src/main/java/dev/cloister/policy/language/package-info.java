/**
 * The policy language: JSON5-style text to a tree that knows the position of every value, sections and fragments to the model's
 * records, with every problem reported. What a policy means is in the model; what follows from it in the analysis package.
 */
@NullMarked
package dev.cloister.policy.language;

import org.jspecify.annotations.NullMarked;
