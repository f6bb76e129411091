/**
 * {@code cloister up}: starts the daemon of a policy, keeps it, shows what its domains print and do while they run, and tells in the end
 * what was refused.
 */
package dev.cloister.cli.up;
