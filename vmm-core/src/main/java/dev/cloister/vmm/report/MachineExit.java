package dev.cloister.vmm.report;

/**
 * How a machine ended, as whoever awaits it is told.
 *
 * @param outcome how it ended
 * @param exitCode the process exit code, 0..255
 * @param report everything that is known about the run
 */
public record MachineExit(Outcome outcome, int exitCode, Report report) {}
