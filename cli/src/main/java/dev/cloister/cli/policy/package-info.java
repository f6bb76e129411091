/**
 * The subcommands of {@code cloister policy}, one small class each: they parse arguments, call an analysis of the policy module,
 * and print. They start nothing and decide nothing.
 */
package dev.cloister.cli.policy;
