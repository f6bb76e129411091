/**
 * The {@code cloister} command: thin picocli commands that parse arguments, call {@code vmm-core} or the policy daemon's client,
 * and print. No decision about guests, flows or channels is taken here. A room holds the commands of one concern; this one puts them
 * together ({@link dev.cloister.cli.Main}), and no room knows it.
 */
package dev.cloister.cli;
