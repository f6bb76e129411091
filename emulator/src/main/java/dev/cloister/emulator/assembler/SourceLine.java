package dev.cloister.emulator.assembler;

/**
 * One line of source after the preprocessor.
 *
 * @param file source name
 * @param line line number from 1
 * @param text the line, macro parameters put in
 * @param via where the macro that it came from was used, as {@code file:line}, or the empty string
 */
record SourceLine(String file, int line, String text, String via) {}
