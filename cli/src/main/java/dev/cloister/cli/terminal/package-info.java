/**
 * The terminal that the command was started from: whether there is one, what may be printed to it, and how it becomes a guest's
 * console and is given back.
 */
package dev.cloister.cli.terminal;
