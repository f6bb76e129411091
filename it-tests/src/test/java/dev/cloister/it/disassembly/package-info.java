/** The decoder against GNU objdump: boundaries and operands over the text of real programs and over random bytes. */
package dev.cloister.it.disassembly;
