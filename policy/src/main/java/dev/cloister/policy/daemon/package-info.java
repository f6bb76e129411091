/**
 * The policy daemon: opens what domains may use, starts their VMM processes, makes the channels that the decision core grants,
 * answers the guests' requests and the control socket, and records each decision before its effect. One thread, the
 * {@link dev.cloister.policy.daemon.EventLoop}, owns all of its state; another serves the clients of
 * the control socket, all of them, and only ever asks the loop. Nothing here decides: that is the decision package's; nothing here parses a policy.
 */
@NullMarked
package dev.cloister.policy.daemon;

import org.jspecify.annotations.NullMarked;
