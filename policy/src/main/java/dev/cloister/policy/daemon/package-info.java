/**
 * The policy daemon: has opened what domains may use, starts their VMM processes, makes the channels that the decision core grants,
 * answers the guests' requests and the control socket, and has each decision recorded before its effect. One thread, the
 * {@link dev.cloister.policy.daemon.loop.EventLoop}, owns all of its state. What can be done without knowing domains and channels has rooms
 * below this one: the loop, the host's objects, the VMM processes, the journal and the control socket. Nothing here decides: that is the
 * decision package's; nothing here parses a policy.
 */
@NullMarked
package dev.cloister.policy.daemon;

import org.jspecify.annotations.NullMarked;
