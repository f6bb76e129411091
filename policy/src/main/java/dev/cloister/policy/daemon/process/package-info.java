/**
 * VMM processes as the host has them: the socket, the pipes and the end of each, what its serial line said last, and those that an
 * earlier daemon left behind. Knows frames, but nothing of what their messages mean.
 */
@NullMarked
package dev.cloister.policy.daemon.process;

import org.jspecify.annotations.NullMarked;
