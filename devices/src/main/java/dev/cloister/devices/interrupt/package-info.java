/**
 * The interrupt chips of a PC in software: the pair of 8259A controllers, the I/O APIC and each processor's local APIC with its timer.
 * {@link dev.cloister.devices.interrupt.InterruptChips} joins them; devices see {@linkplain dev.cloister.devices.InterruptLine lines}, a
 * processor sees its {@link dev.cloister.devices.interrupt.LocalApic}. One lock for each machine guards them all, and no method waits
 * for anything else. What a guest writes changes a fixed number of registers and nothing more.
 */
package dev.cloister.devices.interrupt;
