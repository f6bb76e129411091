/**
 * The memory layouts that guests, VMMs and the daemon share: the ring of a memory channel, the byte ring of a stream and the
 * directory page. Everything works on a {@link java.lang.foreign.MemorySegment} that somebody else mapped; nothing here owns
 * memory, makes a system call or allocates once constructed. What the other side can write is never trusted.
 */
@NullMarked
package dev.cloister.policy.channel;

import org.jspecify.annotations.NullMarked;
