/**
 * What a daemon knows beside its policy, on the medium, in a directory under its lock: the state journal, its records, and the state that
 * they amount to; contacts between conflicting parties; which policy was in force; the domains' last reports. No processes belong
 * here: what is to be done about a restored state is the daemon's.
 */
@NullMarked
package dev.cloister.policy.state;

import org.jspecify.annotations.NullMarked;
