/**
 * The control socket: its server, its clients, and their way to a domain's serial line. On a thread of its own, which waits for nobody; what
 * is asked there, the daemon's loop answers.
 */
@NullMarked
package dev.cloister.policy.daemon.control;

import org.jspecify.annotations.NullMarked;
