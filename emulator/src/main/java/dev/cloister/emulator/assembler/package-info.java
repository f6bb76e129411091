/**
 * A small two-way-readable x86 assembler: NASM-like Intel syntax in, flat binaries or ELF executables out.
 *
 * <p>It exists because demo guests, monitors and tests need privileged code in 16-, 32- and 64-bit mode on machines that have no
 * assembler installed. What belongs here: reading source text (lexer, preprocessor, parser), the instruction table and its encoder,
 * section layout and the ELF writer. What does not: decoding or executing instructions, which is the enclosing package's business.
 *
 * <p>The same sources give the same bytes on every machine: nothing depends on time, paths or map order.
 */
package dev.cloister.emulator.assembler;
