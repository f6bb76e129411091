/**
 * The engine without {@code /dev/kvm}: the emulator runs all guest code, with clocks, doorbells and interrupt chips of this
 * process.
 */
@NullMarked
package dev.cloister.vmm.engine.emulated;

import org.jspecify.annotations.NullMarked;
