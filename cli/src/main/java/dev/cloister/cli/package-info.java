/**
 * The {@code cloister} command: thin picocli commands that parse arguments, call {@code vmm-core} or the policy daemon's client,
 * and print. No decision about guests, flows or channels is taken here.
 */
package dev.cloister.cli;
