/**
 * {@code cloister policy} and its subcommands, one small class each: they parse arguments, call an analysis of the policy module,
 * and print. They decide nothing.
 */
package dev.cloister.cli.policy;
