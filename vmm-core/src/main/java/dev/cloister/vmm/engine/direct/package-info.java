/**
 * The engine on hardware KVM: vCPU threads, the portals that exits arrive at, the emulator that completes the instructions KVM
 * gives up on, and the processor's state on its way between the two. The exit path allocates nothing.
 */
@NullMarked
package dev.cloister.vmm.engine.direct;

import org.jspecify.annotations.NullMarked;
