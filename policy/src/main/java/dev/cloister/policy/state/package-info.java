/**
 * What a daemon knows beside its policy, on the medium: the state journal, its records, and the state that they amount to. No
 * processes and no descriptors belong here: what is to be done about a restored state is the daemon's.
 */
@NullMarked
package dev.cloister.policy.state;

import org.jspecify.annotations.NullMarked;
