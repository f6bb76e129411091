/**
 * Guest-physical memory, page-table walking, TLB and shadow page tables. Nothing here knows KVM, devices or policy: all of it is
 * tested anywhere.
 */
package dev.cloister.mmu;
