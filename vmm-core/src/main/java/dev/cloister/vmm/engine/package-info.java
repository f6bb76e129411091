/**
 * What every engine is to the machine above it: the engine and the body of its vCPU threads as interfaces, and what engines
 * share. The engines themselves are {@code direct} and {@code emulated} below this room; neither knows the other.
 */
@NullMarked
package dev.cloister.vmm.engine;

import org.jspecify.annotations.NullMarked;
