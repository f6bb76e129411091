/**
 * Guest memory of one machine: where what lies in the guest-physical space, the host pages behind it, and linear addresses
 * read through a vCPU's page tables.
 */
@NullMarked
package dev.cloister.vmm.memory;

import org.jspecify.annotations.NullMarked;
