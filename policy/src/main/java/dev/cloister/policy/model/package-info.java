/**
 * The policy as data: the immutable records that a policy consists of, and the compiled {@link
 * dev.cloister.policy.model.Policy}. How it is read is not here (see the language package), nor what follows from it (analysis,
 * decision), nor anything that opens a guest's files.
 */
@NullMarked
package dev.cloister.policy.model;

import org.jspecify.annotations.NullMarked;
