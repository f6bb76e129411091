/**
 * The stub that speaks GDB's remote serial protocol (GDB manual, appendix E) with one debugger at a time: framing, registers and their
 * description, commands, and the thread that waits for the peer and for the guest. What the peer sends is hostile: every buffer has a
 * bound, and a packet that makes no sense gets an error and changes nothing.
 */
@NullMarked
package dev.cloister.vmm.debug.gdb;

import org.jspecify.annotations.NullMarked;
