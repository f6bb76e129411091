/**
 * Where control groups are on this host and who may make them: mounts, the group that this process is in, handing a part of a
 * hierarchy to another user. What groups are used for is with those who use them: limits in {@code policy.confinement}, frames in
 * {@code policy.partition}.
 */
@NullMarked
package dev.cloister.policy.cgroup;

import org.jspecify.annotations.NullMarked;
