/**
 * Time partitioning: who keeps a policy's schedule, by stopping and resuming whole processes from outside at absolute moments. Knows
 * frames, control groups and counters; nothing of channels, decisions or messages.
 */
@NullMarked
package dev.cloister.policy.partition;

import org.jspecify.annotations.NullMarked;
