/** The client of the daemon's control socket, for the command line and for tests. */
@NullMarked
package dev.cloister.policy.client;

import org.jspecify.annotations.NullMarked;
