/**
 * Shadow page tables as a data structure: what the processor really walks while a guest's user code runs natively. Filled from the
 * guest's tables, never beyond the domain's memory or the guest's own rights. Who applies the changes to the real tables is no business
 * of this package.
 */
package dev.cloister.mmu.shadow;
