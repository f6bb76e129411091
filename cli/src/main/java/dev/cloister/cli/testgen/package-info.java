/**
 * Connectivity tests made from a policy: what to ask and what to expect ({@link dev.cloister.cli.testgen.Planner}), the folder
 * that holds them ({@link dev.cloister.cli.testgen.SuiteFolder}), and the judgement on what the probe guests said
 * ({@link dev.cloister.cli.testgen.Judge}). Nothing here starts anything: the command runs the folder's policies as
 * {@code cloister up} does.
 */
package dev.cloister.cli.testgen;
