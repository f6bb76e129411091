/**
 * Moves what passes between VMMs where the kernel must not do it alone: signals from one eventfd to another, bytes from one pipe to
 * another, credit the other way. So no object is shared by two VMMs, direction is a matter of descriptors, rates and quotas are kept
 * where the sender can't reach them, and closing ends a channel whatever the VMMs do. Knows descriptors, buckets and counters, and
 * nothing of policies or domains.
 */
@NullMarked
package dev.cloister.policy.relay;

import org.jspecify.annotations.NullMarked;
