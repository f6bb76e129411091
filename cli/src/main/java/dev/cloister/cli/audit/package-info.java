/**
 * {@code cloister audit} and its subcommands, one small class each: they choose records, read them one at a time, and print. They prove
 * nothing themselves and never write to a log.
 */
package dev.cloister.cli.audit;
