/**
 * Benchmarks against peers: every figure stands beside its rival's from the same run, and is reported as a ratio. Run them with
 * the command in {@code docs/benchmarks.md}; no test asserts a speed.
 */
package dev.cloister.it.bench;
