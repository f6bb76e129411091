/**
 * The policy as data: the JSON loader with the position of every value, the immutable compiled {@link
 * dev.cloister.policy.model.Policy}, and the static analyses over it. What decides on requests is not here (see the
 * decision package), nor anything that opens a guest's files.
 */
@NullMarked
package dev.cloister.policy.model;

import org.jspecify.annotations.NullMarked;
