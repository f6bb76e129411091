/** Linear memory of a processor over guest-physical memory, through its page tables. */
package dev.cloister.emulator.memory;
