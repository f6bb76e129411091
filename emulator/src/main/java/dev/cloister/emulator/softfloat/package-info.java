/**
 * IEEE 754 arithmetic as x86 processors do it, on bits and without processor state: formats F16, F32, F64 and F80, every
 * rounding mode, exception flags, denormals-are-zero and flush-to-zero, NaN rules by parameter. What reads or writes a
 * register file belongs elsewhere. Nothing here allocates after construction.
 */
package dev.cloister.emulator.softfloat;
