package dev.cloister.policy.model;

/**
 * Limits of a domain's VMM process by control group version 2; 0 is no limit.
 *
 * @param memoryMax memory.max in bytes
 * @param cpuMaxPercent cpu.max in percent of one CPU
 * @param pidsMax pids.max
 * @param ioWeight io.weight, 1 to 10000
 * @param position where the policy declares it
 */
public record Cgroup(long memoryMax, int cpuMaxPercent, int pidsMax, int ioWeight, SourcePosition position) {}
