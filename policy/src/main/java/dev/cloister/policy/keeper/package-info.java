/**
 * Descriptors that outlive a daemon: the store's two sides. {@link dev.cloister.policy.keeper.FdStore} is the daemon's, in the
 * protocol of sd_notify(3) and sd_listen_fds(3), so that systemd can be the other; {@link dev.cloister.policy.keeper.Keeper} is ours,
 * which also starts the daemon again. Neither knows what the descriptors mean.
 */
@NullMarked
package dev.cloister.policy.keeper;

import org.jspecify.annotations.NullMarked;
