/**
 * The processor that a guest is shown: named models, the CPUID leaves that remain of the host's under one of them, and the
 * leaves of this VMM.
 */
@NullMarked
package dev.cloister.vmm.processor;

import org.jspecify.annotations.NullMarked;
