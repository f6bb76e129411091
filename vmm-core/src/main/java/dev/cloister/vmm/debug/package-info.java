/**
 * What looks at a guest from outside while it runs: stop points (breakpoints, watchpoints, single step), the trace, and the stub that
 * speaks GDB's remote serial protocol. Knows engines only as {@link dev.cloister.vmm.debug.DebugTarget} and {@link
 * dev.cloister.vmm.debug.DebugMachine}; {@link dev.cloister.vmm.debug.DebuggedExecutor} is the emulator's side, ready for any
 * engine that executes with it. Not part of the module's public face.
 */
@NullMarked
package dev.cloister.vmm.debug;

import org.jspecify.annotations.NullMarked;
