/**
 * The VMM process: its entry point, the conversation with the daemon over the control socket, what the daemon handed it, and
 * its own confinement before the guest's first instruction.
 */
@NullMarked
package dev.cloister.vmm.process;

import org.jspecify.annotations.NullMarked;
