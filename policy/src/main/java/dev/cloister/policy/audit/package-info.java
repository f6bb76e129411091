/**
 * The audit log: JSON lines, chained by SHA-256, durable before the effect they tell of; its verifier and reader. What
 * is worth a record is decided by the daemon, not here.
 */
@NullMarked
package dev.cloister.policy.audit;

import org.jspecify.annotations.NullMarked;
