/** From bytes to {@link dev.cloister.emulator.decode.Instruction} and its text form, for all modes, by the tables {@code forms-*.txt}. What belongs here knows encodings, not effects. */
package dev.cloister.emulator.decode;
