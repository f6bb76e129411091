/**
 * A person's terminal as a guest's console: raw while it is used, given back whatever happens, with an escape key for what the guest
 * must not get.
 */
@NullMarked
package dev.cloister.vmm.terminal;

import org.jspecify.annotations.NullMarked;
