/**
 * The x87: its register stack, control and status, deferred errors, and every instruction of opcodes D8 to DF. Arithmetic
 * itself is in {@code emulator.softfloat}; what needs more than 64 bits (transcendental functions) is here.
 */
package dev.cloister.emulator.x87;
