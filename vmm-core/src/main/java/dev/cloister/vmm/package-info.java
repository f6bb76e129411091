/**
 * The machine of one guest and the process that runs it: configuration, assembly, vCPU threads, portals, engines,
 * and the report that is left at the end.
 *
 * <p>What belongs here joins other rooms together: KVM objects, guest memory, devices, the emulator and the daemon's protocol. What
 * knows only one of them belongs to that room. Guest images are understood in {@code dev.cloister.vmm.loader}; the VMM's side of channels is
 * {@code dev.cloister.vmm.channel}.
 *
 * <p>Threads: one platform thread per vCPU runs the exit path, which allocates nothing; one thread per stream channel relays bytes;
 * one drains the console; control comes from any thread through {@link dev.cloister.vmm.Machine}.
 */
@NullMarked
package dev.cloister.vmm;

import org.jspecify.annotations.NullMarked;
