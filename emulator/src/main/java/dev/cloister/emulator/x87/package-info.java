/** x87 instructions. */
package dev.cloister.emulator.x87;
