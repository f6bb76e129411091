/**
 * What this host can do: the checks behind {@code cloister doctor}, and the timed probe by which {@code --engine auto} and the
 * tests tell a KVM that runs guest supervisor code natively from one that interprets it. Reads the host; changes nothing.
 */
@NullMarked
package dev.cloister.vmm.host;

import org.jspecify.annotations.NullMarked;
