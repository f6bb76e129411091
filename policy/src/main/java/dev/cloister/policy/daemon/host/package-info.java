/**
 * What the daemon opens of the host for its domains: disks under their locks, kept from one daemon to the next; taps; images, copied
 * into sealed memory and measured. What is opened for whom is said by its caller.
 */
@NullMarked
package dev.cloister.policy.daemon.host;

import org.jspecify.annotations.NullMarked;
