/**
 * How the command prints and reads values: tables and prose in eighty columns, JSON, sizes. Knows nothing of what is printed.
 */
package dev.cloister.cli.text;
